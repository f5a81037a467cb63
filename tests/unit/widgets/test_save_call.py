import pytest

from jupyter_lifecycle.widgets.introspection import Metric
from jupyter_lifecycle.widgets.save_call import SaveCall, evaluate

NAMESPACE = {"model": object(), "frame": list(range(500)), "mae": 13.28, "graph": "g", "team": 1}

CALLS = {
    "least": SaveCall("model", "ltv", "frame[:2]"),
    "all of it": SaveCall(
        "model",
        'it\'s "ltv"',
        "frame[:200]",
        tags={"team": "fore\ncasting", "on hold": "💥"},
        metrics=(Metric("mae", 13.28, "mae"), Metric("max error", 2.5)),
        registry="remote",
        training="frame",
        features="graph",
    ),
}


class Recorder:
    def save(self, model, **keywords):
        return model, keywords


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_the_line_of_code_and_the_click_are_the_same_call(call):
    namespace = NAMESPACE | {"remote": "r"}
    shown = {**namespace, "jl": Recorder()}
    exec(call.code(), shown)
    assert shown["envelope"] == call.arguments(namespace)


def test_it_reads_as_a_person_would_write_it():
    call = SaveCall(
        "model", "ltv", "frame[X].head(200)", {"team": "a"}, (Metric("mae", 1.5, "mae"),)
    )
    assert call.code("lc") == (
        'envelope = lc.save(model, name="ltv",\n'
        "                   example=frame[X].head(200),\n"
        '                   tags={"team": "a"},\n'
        '                   metrics={"mae": mae})'
    )


def test_what_is_missing_is_seen():
    assert SaveCall("", "", "").code() == (
        'envelope = jl.save(…, name="…",\n                   example=…)'
    )


def test_an_expression_sees_the_package_and_the_namespace_only():
    assert evaluate("jl.__name__", {}) == "jupyter_lifecycle"
    assert evaluate("jl + 1", {"jl": 1}) == 2
    assert evaluate("  ", {}) is None
    with pytest.raises(NameError):
        evaluate("call", {})
    with pytest.raises(SyntaxError):
        evaluate("a = 1", {})
