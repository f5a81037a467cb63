"""Options of a rule."""

import pytest

from jupyter_lifecycle.deployment.options import Options
from jupyter_lifecycle.errors import RuleError


def test_options_have_defaults_and_travel_as_json():
    options = Options.parse({"environment": "build", "port": 8080})
    assert (options.environment, options.port, options.host) == ("build", 8080, "127.0.0.1")
    assert Options.parse(options.to_json()) == options


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"enviroment": "build"}, "no option enviroment. Did you mean environment"),
        ({"environment": "docker"}, "'auto' or 'build', not 'docker'"),
        ({"host": ""}, "host is an address"),
        ({"host": 7}, "host is an address"),
        ({"port": 70_000}, "port is a whole number from 0 to 65535, not 70000"),
        ({"port": 80.5}, "port is a whole number"),
        ({"threads": 0}, "threads is a whole number from 1"),
        ({"threads": True}, "threads is a whole number"),
        ({"capture": 2}, "capture is a number from 0 to 1"),
        ({"capture": "all"}, "capture is a number"),
    ],
)
def test_options_that_cannot_be(given, message):
    with pytest.raises(RuleError, match=message.replace("(", r"\(")):
        Options.parse(given)
