"""The site's Celery app."""

import os

from celery import Celery

app = Celery("launch", broker=os.environ["LAUNCH_BROKER"])
app.conf.task_always_eager = os.environ.get("LAUNCH_EAGER") == "1"
app.conf.broker_connection_retry_on_startup = False
