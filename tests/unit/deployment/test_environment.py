"""The lock against what is installed, pip's settings for uv, and this package as a wheel."""

import csv
import hashlib
import io
import platform
from base64 import urlsafe_b64decode
from importlib import metadata
from zipfile import ZipFile

import pytest

import jupyter_lifecycle
from jupyter_lifecycle.deployment.environment import Environments, differences, pins_at_hand
from jupyter_lifecycle.deployment.wheel import build_wheel, package_files, wheel_digest
from jupyter_lifecycle.envelope import Environment, Package, indexes


def lock(*packages, python=None):
    found = tuple(Package(name, version) for name, version in packages)
    return Environment(python or platform.python_version(), "cpython", "any", found)


@pytest.mark.parametrize(
    ("packages", "python", "said"),
    [
        ([("fastapi", None)], None, []),
        ([("FastAPI", None)], None, []),
        ([("fastapi", "0.0.1")], None, ["fastapi 0.0.1 is wanted, "]),
        ([("no-such-package", "1")], None, ["no-such-package 1 is wanted, none is installed"]),
        ([], "2.7.18", ["Python 2.7.18 is wanted, "]),
    ],
)
def test_the_interpreter_at_hand_is_looked_at_package_by_package(packages, python, said):
    pinned = [(name, version or metadata.version(name)) for name, version in packages]
    found = differences(lock(*pinned, python=python))
    assert len(found) == len(said)
    assert all(line.startswith(start) for line, start in zip(found, said, strict=True))


def test_an_interpreter_that_fits_is_taken_at_once(tmp_path):
    fits = lock(("fastapi", metadata.version("fastapi")))
    found = Environments(tmp_path / "environments").prepare(fits)
    assert (found.isolated, found.fact) == (False, "interpreter at hand, 1 packages checked")
    assert not (tmp_path / "environments").exists()


SERVICE = ("fastapi", "uvicorn", "cloudpickle")


def test_the_service_pins_leave_the_models_packages_to_the_model():
    everything = pins_at_hand(SERVICE, set())
    assert {"fastapi", "uvicorn", "cloudpickle", "starlette", "pydantic"} <= everything.keys()
    assert everything["fastapi"] == metadata.version("fastapi")
    assert "sqlalchemy" not in everything
    assert "pydantic" not in pins_at_hand(SERVICE, {"pydantic"})


def test_what_a_killed_deployer_left_half_built_is_swept(tmp_path):
    (tmp_path / ".building-abc" / "environment").mkdir(parents=True)
    (tmp_path / "whole").mkdir()
    Environments(tmp_path).sweep()
    assert [path.name for path in tmp_path.iterdir()] == ["whole"]


def test_the_wheel_is_this_packages_python_files_and_nothing_else(tmp_path):
    (tmp_path / "again").mkdir()
    wheel, again = build_wheel(tmp_path), build_wheel(tmp_path / "again")
    assert wheel.name == f"jupyter_lifecycle-{jupyter_lifecycle.__version__}-py3-none-any.whl"
    assert wheel.read_bytes() == again.read_bytes()
    with ZipFile(wheel) as archive:
        names = archive.namelist()
        info = f"jupyter_lifecycle-{jupyter_lifecycle.__version__}.dist-info"
        rows = list(csv.reader(io.StringIO(archive.read(f"{info}/RECORD").decode())))
        assert [row[0] for row in rows] == names
        for path, digest, size in rows[:-1]:
            data = archive.read(path)
            assert len(data) == int(size)
            kind, _, value = digest.partition("=")
            assert hashlib.new(kind, data).digest() == urlsafe_b64decode(value + "=")
    assert "jupyter_lifecycle/envelope/serving.py" in names
    ours = [name for name in names if not name.startswith(info)]
    assert all(name.endswith((".py", "py.typed")) for name in ours)


def test_the_wheels_digest_follows_its_files(monkeypatch):
    before = wheel_digest()
    assert before == wheel_digest()
    changed = package_files() | {"jupyter_lifecycle/errors.py": b"changed"}
    monkeypatch.setattr("jupyter_lifecycle.deployment.wheel.package_files", lambda: changed)
    assert wheel_digest() != before


@pytest.fixture
def nothing_configured(monkeypatch, tmp_path):
    monkeypatch.setattr(indexes, "pip_files", lambda environ: [tmp_path / "pip.conf"])
    monkeypatch.setattr(indexes, "uv_configured", lambda environ: False)
    return tmp_path / "pip.conf"


def test_pips_settings_are_said_to_uv(nothing_configured):
    nothing_configured.write_text(
        "[global]\nindex-url = https://one/simple\nextra-index-url =\n    https://two/simple\n"
        "    https://three/simple\nfind-links = /wheels\ntrusted-host = one\ntimeout = 30\n"
        "[install]\nfind-links = /wheels /more\n"
    )
    environ = {"PIP_INDEX_URL": "https://mine/simple", "PATH": "/bin", "PYTHONPATH": "/x"}
    found = indexes.uv_environment(environ)
    assert found == {
        "PATH": "/bin",
        "PIP_INDEX_URL": "https://mine/simple",
        "UV_DEFAULT_INDEX": "https://mine/simple",
        "UV_INDEX": "https://two/simple https://three/simple",
        "UV_FIND_LINKS": "/wheels,/more",
        "UV_INSECURE_HOST": "one",
        "UV_HTTP_TIMEOUT": "30",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }


@pytest.mark.parametrize(
    ("environ", "name", "value"),
    [
        ({"UV_INDEX_URL": "https://uv/simple", "PIP_INDEX_URL": "x"}, "UV_DEFAULT_INDEX", None),
        ({"PIP_NO_INDEX": "1"}, "UV_NO_INDEX", "1"),
        ({"PIP_NO_INDEX": "false"}, "UV_NO_INDEX", None),
        ({"PIP_FIND_LINKS": "/a /b"}, "UV_FIND_LINKS", "/a,/b"),
        ({"PIP_CERT": "/c.pem"}, "SSL_CERT_FILE", "/c.pem"),
        ({"PIP_DEFAULT_TIMEOUT": "9"}, "UV_HTTP_TIMEOUT", "9"),
        ({"UV_INDEX_STRATEGY": "first-index"}, "UV_INDEX_STRATEGY", "first-index"),
    ],
)
def test_variables_of_pip_and_of_uv(nothing_configured, environ, name, value):
    assert indexes.uv_environment(environ).get(name) == value


def test_a_users_own_uv_configuration_comes_first(tmp_path):
    config = tmp_path / "uv.toml"
    config.write_text('[[index]]\nurl = "https://mine/simple"\n')
    environ = {"UV_CONFIG_FILE": str(config), "PIP_INDEX_URL": "https://pip/simple"}
    assert indexes.uv_environment(environ) == environ
    config.write_text("[pip]\nno-index = true\n")
    assert indexes.uv_configured(environ)
    config.write_text('cache-dir = "/c"\n')
    assert not indexes.uv_configured(environ)
    config.write_text("not toml")
    assert not indexes.uv_configured(environ)


def test_a_configuration_of_pip_that_cannot_be_read_is_passed_over(nothing_configured):
    nothing_configured.write_text("no section")
    assert indexes.pip_settings({}, [nothing_configured]) == {}


def test_where_pip_looks(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    files = indexes.pip_files({"PIP_CONFIG_FILE": "/own/pip.conf"})
    assert files[-1].as_posix() == "/own/pip.conf"
    assert tmp_path / ".config" / "pip" / "pip.conf" in files
    assert indexes.pip_files({"PIP_CONFIG_FILE": "/dev/null"}) == []


def test_secrets_are_struck_out():
    assert (
        indexes.without_secrets("at https://me:secret@host/simple and http://a@b/")
        == "at https://***@host/simple and http://***@b/"
    )
