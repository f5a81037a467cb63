"""Generated services against their own OpenAPI documents: requests that fit them, or nearly."""

import datetime as dt
import json
import runpy
from typing import Literal

import httpx
import pandas as pd
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode, checks
from schemathesis.specs.openapi import checks as described

import jupyter_lifecycle as jl
from jupyter_lifecycle.deployment.container import write_context

HELD = [
    checks.not_a_server_error,
    described.status_code_conformance,
    described.content_type_conformance,
    described.response_schema_conformance,
    described.negative_data_rejection,
]


def scalar(x: float, n: int = 3, who: Literal["a", "b"] = "a", flag: bool = False) -> float:
    return x * n * 1e300 if flag else x * n


def nested(when: dt.datetime, names: list[str]) -> dict[str, int]:
    return {name: len(name) for name in names}


def column(frame: pd.DataFrame) -> pd.Series:
    return frame["a"].fillna(0) * 2


FRAME = pd.DataFrame(
    {
        "a": [1.5, None, 3.0],
        "b": pd.Categorical(["x", "y", "x"]),
        "t": pd.to_datetime(["2026-01-01", "2026-01-02", None]),
        "i": [1, 2, 3],
        "s": ["p", "q", None],
    }
)
MODELS = {
    "scalar": (scalar, [{"x": 1.5, "n": 2, "who": "b", "flag": True}]),
    "nested": (
        nested,
        [{"when": dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "names": ["a", "bb"]}],
    ),
    "column": (column, FRAME),
}


@pytest.fixture(scope="module", params=MODELS)
def service(request, tmp_path_factory):
    """A generated service's application, run from the folder that a container would have."""
    model, example = MODELS[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    with jl.Registry(folder / "home") as registry, pytest.MonkeyPatch.context() as patch:
        saved = jl.save(model, name=request.param, example=example, registry=registry)
        context = write_context(saved.bundle, folder / "context", name=request.param)
        patch.chdir(context)
        yield runpy.run_path("service.py")["app"]


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=str)
def test_a_prediction_answers_as_it_is_described(service, mode):
    document = schemathesis.openapi.from_asgi("/openapi.json", service)
    asked = document["/predict"]["POST"].as_strategy(generation_mode=mode)

    @given(case=asked)
    @settings(
        max_examples=60,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case):
        case.validate_response(case.call(), checks=HELD)

    ask()


@pytest.mark.parametrize("path", ["/schema", "/version", "/health", "/ready", "/metrics"])
def test_the_other_routes_answer_as_they_are_described(service, path):
    document = schemathesis.openapi.from_asgi("/openapi.json", service)
    case = document[path]["GET"].Case()
    case.validate_response(case.call(), checks=HELD)


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_no_value_that_came_is_in_the_answer(service):
    hidden = "4111-1111-1111-1111"
    rows = [
        {"x": hidden, "n": 7.3, "who": hidden},
        {"when": hidden, "names": hidden},
        {"a": hidden, "b": hidden, "t": hidden, "i": hidden, "s": 41111111},
    ]
    transport = httpx.ASGITransport(app=service)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        for payload in (*rows, rows, hidden, [hidden], {"a": [hidden]}):
            answer = await client.post("/predict", json=payload)
            assert answer.status_code == 400
            assert hidden not in answer.text
            assert "41111111" not in answer.text
            assert json.loads(answer.text)["error"]["detail"]["problems"]
