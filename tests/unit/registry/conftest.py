"""A registry and a store of one's own."""

import pytest

from jupyter_lifecycle.registry import Registry
from jupyter_lifecycle.registry.store import Store


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "registry"


@pytest.fixture
def registry(folder):
    with Registry(folder) as registry:
        yield registry


@pytest.fixture
def store(folder):
    store = Store.in_folder(folder, author="ana")
    yield store
    store.close()
