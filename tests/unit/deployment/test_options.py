"""Options of a rule."""

import re

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
        ({"min_change_seconds": -1}, "min_change_seconds is a number from 0"),
        ({"env": ["A"]}, "env is a mapping"),
        ({"env": {"A-B": "x"}}, "env has 'A-B', which is no name"),
        ({"env": {"A": 1}}, "env.A is not text"),
        ({"secrets": {"A": "hunter2"}}, "secrets.A is not a reference such as"),
        ({"env": {"A": "x"}, "secrets": {"A": "env:B"}}, "A stands in env and in secrets"),
        ({"smoke": {"input": 1}}, "smoke is a list"),
        ({"smoke": [{"output": 1}]}, "smoke[0] has no input"),
        ({"smoke": [{"input": 1, "ouput": 1}]}, "no check has. Did you mean output"),
        ({"smoke": [{"input": 1, "tolerance": "a"}]}, "smoke[0].tolerance is a number from 0"),
        ({"smoke": [{"input": float("nan")}]}, "smoke[0] is no JSON"),
        ({"approval": "two words"}, "approval is the key of a tag"),
    ],
)
def test_options_that_cannot_be(given, message):
    with pytest.raises(RuleError, match=re.escape(message)) as caught:
        Options.parse(given)
    assert "hunter2" not in caught.value.message
