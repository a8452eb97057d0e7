"""Users of locust that share one list of URLs, and end with it: `locust -f … --urls FILE`.

Loaded by locust, in whose own environment it is: nothing else is imported here.
"""

from pathlib import Path

import gevent
from locust import FastHttpUser, constant, events, task


@events.init_command_line_parser.add_listener
def _add_option(parser):
    parser.add_argument("--urls", required=True, help="a list of URLs")


@events.init.add_listener
def _read(environment, **_):
    listed = Path(environment.parsed_options.urls).read_text(encoding="utf-8").split()
    environment.urls = iter(listed)
    environment.left = len(listed)


class Reader(FastHttpUser):
    """Takes the next URL that nobody has taken."""

    host = "http://127.0.0.1"
    wait_time = constant(0)

    @task
    def read(self):
        url = next(self.environment.urls, None)
        if url is None:
            gevent.sleep(1)  # others are still reading; the last one ends the test
            return
        self.client.get(url, name="page")
        self.environment.left -= 1
        if self.environment.left == 0:
            gevent.spawn(self.environment.runner.quit)
