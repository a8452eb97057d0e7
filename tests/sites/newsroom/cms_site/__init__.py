"""The smallest django CMS site that can create, change and delete pages and plugins."""
