"""The lock: distributions of modules, their closure, and what is local."""

import json
import sys
import tomllib

import numpy as np
import packaging.requirements  # noqa: F401 - it lies outside the paths of these tests
import pytest

from jupyter_lifecycle.envelope import Environment, Package
from jupyter_lifecycle.envelope.environment import Installed, LocalCode, installed, resolve
from jupyter_lifecycle.envelope.local_code import by_value, is_local, library_modules, local_modules


def install(folder, name, version, *, requires=(), modules=(), direct=None):
    """A distribution as an installer leaves it."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    lines = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}"]
    lines += [f"Requires-Dist: {line}" for line in requires]
    (info / "METADATA").write_text("\n".join(lines) + "\n")
    record = []
    for module in modules:
        path = folder / module
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        record.append(f"{module},,")
    (info / "RECORD").write_text("".join(f"{line}\n" for line in record))
    if direct is not None:
        (info / "direct_url.json").write_text(json.dumps(direct))


@pytest.fixture
def site(tmp_path, monkeypatch):
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.setattr(sys, "path", [str(folder)])
    return folder


def pins(environment):
    return {package.name: package.version for package in environment.packages}


def test_the_closure_with_markers_and_extras(site):
    install(
        site,
        "Model-Kit",
        "1.0",
        requires=[
            'base[fast]>=1; python_version >= "3"',
            'never; python_version < "3"',
            'docs-only; extra == "docs"',
            "absent",
            "not a requirement at all !!",
        ],
        modules=["modelkit/__init__.py"],
    )
    install(site, "base", "2.1+cpu", requires=['speed; extra == "fast"', "model_kit"])
    install(site, "speed", "0.3")
    install(site, "docs-only", "9")
    install(site, "never", "9")
    found = resolve(["modelkit.core", "json", "not_installed"])
    assert pins(found) == {"model-kit": "1.0", "base": "2.1+cpu", "speed": "0.3"}
    assert found.python == ".".join(map(str, sys.version_info[:3]))


def test_extras_that_come_later_are_followed(site):
    install(site, "a", "1", requires=["c"], modules=["a.py"])
    install(site, "b", "1", requires=["c[x]"], modules=["b.py"])
    install(site, "c", "1", requires=['d; extra == "x"'])
    install(site, "d", "1")
    assert set(pins(resolve(["a", "b"]))) == {"a", "b", "c", "d"}
    assert set(pins(resolve(["b", "a"]))) == {"a", "b", "c", "d"}


def test_a_namespace_is_told_apart_by_its_files(site):
    install(site, "cloud-storage", "1", modules=["cloud/storage/__init__.py"])
    install(site, "cloud-query", "2", modules=["cloud/query.py"])
    assert set(pins(resolve(["cloud.storage"]))) == {"cloud-storage"}
    assert set(pins(resolve(["cloud.query"]))) == {"cloud-query"}
    assert set(pins(resolve(["cloud"]))) == {"cloud-storage", "cloud-query"}


def test_where_packages_come_from(site):
    commit = "a" * 40
    install(
        site,
        "from-git",
        "1",
        modules=["g.py"],
        direct={
            "url": "https://user:secret@git.example/x.git",
            "vcs_info": {"vcs": "git", "commit_id": commit},
        },
    )
    install(
        site,
        "from-file",
        "1",
        modules=["f.py"],
        direct={"url": "https://files.example/f.whl", "archive_info": {"hashes": {"sha256": "ab"}}},
    )
    install(
        site,
        "mine",
        "3",
        modules=["mine.py"],
        direct={"url": "file:///home/x", "dir_info": {"editable": True}},
    )
    install(
        site,
        "jupyter_lifecycle",
        "0.1",
        modules=["ours.py"],
        direct={"url": "file:///x", "dir_info": {}},
    )
    found = resolve(["g", "f", "mine", "ours"], local=["notebook_code.part", "__main__"])
    assert found.requirements().splitlines()[1:] == [
        "from-file @ https://files.example/f.whl#sha256=ab",
        f"from-git @ git+https://git.example/x.git@{commit}",
        "jupyter-lifecycle==0.1",
    ]
    assert found.local == (
        LocalCode("__main__"),
        LocalCode("mine", "mine", "3"),
        LocalCode("notebook_code"),
    )
    lock = tomllib.loads(found.pylock())
    assert lock["lock-version"] == "1.0"
    assert lock["packages"] == [
        {
            "name": "from-file",
            "archive": {"url": "https://files.example/f.whl", "hashes": {"sha256": "ab"}},
        },
        {
            "name": "from-git",
            "vcs": {"type": "git", "url": "https://git.example/x.git", "commit-id": commit},
        },
        {"name": "jupyter-lifecycle", "version": "0.1"},
    ]
    assert Environment.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_the_index_is_read_once_a_path(site):
    first = installed()
    assert installed() is first
    sys.path.append("/nowhere")
    assert installed() is not first
    assert Installed().named("nothing") is None


def test_packages_sort_by_name():
    assert min(Package("b", "1"), Package("a", "2")).name == "a"


def test_what_is_local(tmp_path, site):
    assert not is_local("numpy", np.__file__)
    assert not is_local("json", json.__file__)
    assert not is_local("builtins", None)
    assert not is_local("__main__", "/home/x/script.py")
    assert not is_local("jupyter_lifecycle.errors", "/home/x/jupyter_lifecycle/errors.py")
    assert not is_local("fast", "/home/x/fast.cpython-311.so")
    assert is_local("helpers", str(tmp_path / "helpers.py"))
    assert is_local("pack.part", str(tmp_path / "pack" / "part.py"))
    install(site, "vendored", "1", modules=["vendored/__init__.py", "vendored/sub/__init__.py"])
    assert not is_local("vendored.sub", str(site / "vendored" / "sub" / "__init__.py"))
    assert is_local("beside", str(site / "beside.py"))


def test_loaded_modules_are_told_apart():
    assert __name__ in local_modules() or any(
        "test_environment" in name for name in local_modules()
    )
    names = library_modules()
    assert "pytest" in names
    assert not set(names) & set(local_modules())
    assert {name.partition(".")[0] for name in library_modules({"numpy"})} == {"numpy"}


def test_registration_is_restored():
    import cloudpickle

    name = next(name for name in local_modules() if "test_environment" in name)
    before = cloudpickle.list_registry_pickle_by_value()
    with by_value((name, "not_imported")):
        assert name in cloudpickle.list_registry_pickle_by_value()
        with by_value((name,)):
            pass
        assert name in cloudpickle.list_registry_pickle_by_value()
    assert cloudpickle.list_registry_pickle_by_value() == before
