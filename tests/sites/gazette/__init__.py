"""A Wagtail site as projects have them: StreamField, menus, user bar, sessions, page cache."""
