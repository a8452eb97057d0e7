"""A site as it should be on the evening before a launch; tests switch on one fault at a time."""

import os

if os.environ.get("LAUNCH_BROKER"):
    # As Celery's manual has it: the app is made when the settings' package is imported.
    from tests.sites.launch import tasks  # noqa: F401 -- it makes the app
