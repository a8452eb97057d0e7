"""The smallest Wagtail site that can publish, unpublish, move and rename pages."""
