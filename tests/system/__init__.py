"""The installed command line, run against real sites and judged by what those have rendered."""

import pytest

# Their assertions are read in failures, as those of test modules are.
pytest.register_assert_rewrite("tests.system.command")
