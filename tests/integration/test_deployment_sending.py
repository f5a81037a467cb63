"""Services without a deployer send their windows themselves, to a real server."""

import runpy
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.routing import Route

import jupyter_lifecycle as jl
from jupyter_lifecycle.deployment.container import write_context
from jupyter_lifecycle.deployment.service import Settings
from jupyter_lifecycle.deployment.service.counting import Counting
from jupyter_lifecycle.deployment.service.sending import Sender, items_of
from jupyter_lifecycle.deployment.service.windows import WindowFile, window_files
from jupyter_lifecycle.registry import Registry

ID = "7f" * 20
START = int(datetime.now(UTC).timestamp()) // 3600 * 3600


def window(rows=3, flush=1, start=START):
    return WindowFile("svc", ID, start, 3600, "r", flush, {"inputs": {"rows": rows, "profile": {}}})


@pytest.fixture
def served(registry_server):
    address, token = registry_server()
    with Registry(address, token=token("write")) as registry:
        yield registry, address, token("write")


def seen(registry):
    return registry.windows("svc", datetime.now(UTC) - timedelta(days=2))


def test_windows_are_sent_when_they_changed_and_removed_when_they_are_over(served, tmp_path):
    registry, address, token = served
    now = [float(START)]
    sender = Sender(tmp_path, address, token, lambda: now[0])
    window().write(tmp_path)
    (tmp_path / "torn.json").write_text("{")
    assert sender.send() == 1
    assert sender.send() == 0
    window(rows=8, flush=2).write(tmp_path)
    assert sender.send() == 1
    (one,) = seen(registry)
    assert (one.rows, one.flush, one.run) == (8, 2, "r")
    now[0] += 3600 + 60
    assert sender.send() == 0
    assert [path.name for path in window_files(tmp_path)] == ["torn.json"]


def test_what_is_not_taken_now_is_sent_later_and_what_is_refused_is_not(served, tmp_path, caplog):
    registry, address, token = served
    window().write(tmp_path)
    away = Sender(tmp_path, "http://127.0.0.1:9", token)
    with pytest.raises(OSError, match="refused"):
        away.send()
    with pytest.raises(OSError, match="answered 401"):
        Sender(tmp_path, address, "nobody").send()
    away.close()
    assert "tried again later" in caplog.text
    assert Sender(tmp_path, address, token).send() == 1
    assert len(seen(registry)) == 1
    WindowFile("No Name", ID, START, 3600, "r", 1, {"inputs": {"rows": 1, "profile": {}}}).write(
        tmp_path
    )
    sender = Sender(tmp_path, address, token)
    sender.send()
    assert "was refused with 422" in caplog.text
    assert sender.send() == 0


def test_a_token_is_not_sent_to_where_a_host_points(serve_app, tmp_path):
    heard = []

    def target(request):
        heard.append(request.headers.get("authorization"))
        return PlainTextResponse("")

    other = serve_app(Starlette(routes=[Route("/{path:path}", target, methods=["GET", "POST"])]))

    def point(request):
        return RedirectResponse(other, 307)

    address = serve_app(Starlette(routes=[Route("/{path:path}", point, methods=["POST"])]))
    window().write(tmp_path)
    with pytest.raises(OSError, match="answered 307"):
        Sender(tmp_path, address, "secret").send()
    assert heard == []


def test_the_environment_says_where_to(tmp_path, monkeypatch):
    monkeypatch.delenv("JUPYTER_LIFECYCLE_WINDOWS", raising=False)
    assert Sender.of_environment(tmp_path) is None
    settings = Settings("svc", ID, window_folder=str(tmp_path), window_sends=True)
    model = SimpleNamespace(
        manifest=SimpleNamespace(
            schema=jl.FeatureGraph, model=SimpleNamespace(features=None), expectations=()
        ),
        answers=[],
        schema=None,
    )
    monkeypatch.setattr("jupyter_lifecycle.deployment.service.counting.plans_of", lambda *_: {})
    assert Counting.of(model, settings) is None
    monkeypatch.setenv("JUPYTER_LIFECYCLE_WINDOWS", "registry.example")
    with pytest.raises(ValueError, match="address of a registry's server"):
        Sender.of_environment(tmp_path)


def test_the_service_of_a_container_sends_what_it_counted(served, tmp_path, monkeypatch):
    registry, address, token = served

    def model(x: float) -> float:
        return x * 2

    with jl.Registry(tmp_path / "home") as own:
        saved = jl.save(model, name="m", example=[{"x": 1.5}], registry=own)
        context = write_context(saved.bundle, tmp_path / "context", name="svc")
    source = (context / "service.py").read_text()
    assert "window_sends=True" in source
    monkeypatch.setenv("JUPYTER_LIFECYCLE_WINDOWS", address)
    monkeypatch.setenv("JUPYTER_LIFECYCLE_TOKEN", token)
    monkeypatch.setattr(
        "jupyter_lifecycle.deployment.container._WINDOWS", str(tmp_path / "windows")
    )
    folder = write_context(saved.bundle, tmp_path / "other", name="svc")
    monkeypatch.chdir(folder)
    runtime = runpy.run_path("service.py")["runtime"]
    version = next(iter(runtime.versions.values()))
    question = SimpleNamespace(request="r", payload={"x": 1.5}, body=b"{}")
    version.keep(question, SimpleNamespace(value=3.0, body=b"3.0"))
    runtime.close()
    found = {one.side: one.rows for one in seen(registry)}
    assert found == {"inputs": 1, "outputs": 1}
    assert items_of(window())[0]["start"].endswith("+00:00")
