"""Garbage: what nothing refers to goes, what something refers to never does."""

import hashlib
import json
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from jupyter_lifecycle.errors import ConflictError
from jupyter_lifecycle.registry.artifacts import put
from jupyter_lifecycle.registry.manifest import id_of
from jupyter_lifecycle.registry.store import Store


def digest_of(data):
    return hashlib.sha256(data).hexdigest()


def manifest(name, datas, salt):
    files = {f"f{n}": {"sha256": digest_of(d), "size": len(d)} for n, d in enumerate(datas)}
    return json.dumps({"name": name, "files": files, "salt": salt}).encode()


def send(store, *datas):
    for data in datas:
        put(store.artifacts, digest_of(data), [data])


def here(store):
    return {digest for digest, _ in store.artifacts.listed()}


def test_files_without_an_envelope_go_when_they_are_old(store):
    send(store, b"old", b"young", b"used", b"asked for")
    record, _ = store.add(manifest("ltv", [b"used"], 0), {}, {}, None)
    for data in (b"old", b"used", b"asked for"):
        os.utime(store.artifacts.local(digest_of(data)), (1, 1))
    store.missing([digest_of(b"asked for")])
    half = store.artifacts.begin(digest_of(b"never finished"))
    os.utime(half._temporary, (1, 1))

    found = store.bin.collect(0)

    assert (found.files, found.bytes) == (1, 3)
    assert here(store) == {digest_of(data) for data in (b"young", b"used", b"asked for")}
    assert not half._temporary.exists()
    half.abort()

    store.bin.delete(record.id)
    assert store.bin.collect(3600, grace=0).files == 2
    assert here(store) == {digest_of(b"used")}
    assert store.bin.collect(0, grace=0).files == 1
    assert here(store) == set()


def test_first_digits_that_several_have_are_refused(store):
    send(store, b"x")
    seen = {}
    for salt in range(100_000):
        made = manifest("ltv", [b"x"], salt)
        short = id_of(made)[:4]
        if short in seen:
            break
        seen[short] = made
    for one in (seen[short], made):
        store.bin.delete(store.add(one, {}, {}, None)[0].id)
    with pytest.raises(ConflictError, match="Several envelopes in the trash start with"):
        store.bin.restore(short)


class Garbage(RuleBasedStateMachine):
    """Whatever is added, deleted, restored and collected: what can be found can be read whole."""

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.store = Store.in_folder(Path(self.folder.name), author="ana")
        self.live, self.trash, self.made = {}, {}, 0

    @rule(datas=st.lists(st.sampled_from([b"a", b"b", b"c", b"d"]), min_size=1, max_size=3))
    def add(self, datas):
        send(self.store, *datas)
        self.made += 1
        record, _ = self.store.add(manifest("ltv", datas, self.made), {}, {}, None)
        self.live[record.id] = datas

    @rule(data=st.sampled_from([b"x", b"a"]))
    def send_only(self, data):
        send(self.store, data)

    @precondition(lambda self: self.live)
    @rule(pick=st.integers(0, 99))
    def delete(self, pick):
        id_ = sorted(self.live)[pick % len(self.live)]
        self.store.bin.delete(id_)
        self.trash[id_] = self.live.pop(id_)

    @precondition(lambda self: self.trash)
    @rule(pick=st.integers(0, 99))
    def restore(self, pick):
        id_ = sorted(self.trash)[pick % len(self.trash)]
        self.store.bin.restore(id_)
        self.live[id_] = self.trash.pop(id_)

    @rule(purge=st.booleans())
    def collect(self, purge):
        found = self.store.bin.collect(0 if purge else 3600, grace=0)
        assert set(found.envelopes) == (set(self.trash) if purge else set())
        if purge:
            self.trash = {}
        wanted = [*self.live.values(), *self.trash.values()]
        assert here(self.store) == {digest_of(data) for datas in wanted for data in datas}

    @invariant()
    def all_is_there(self):
        assert {one.id for one in self.store.search("", 1_000, None)} == set(self.live)
        assert {one.id for one in self.store.bin.deleted()} == set(self.trash)
        for datas in [*self.live.values(), *self.trash.values()]:
            assert {digest_of(data) for data in datas} <= here(self.store)

    def teardown(self):
        self.store.close()
        self.folder.cleanup()


TestGarbage = Garbage.TestCase
TestGarbage.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
