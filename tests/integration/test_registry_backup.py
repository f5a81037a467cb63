"""Backups: from one kind of database into another, whole, and nothing that was tampered with comes back."""

import gzip
import hashlib
import json
import os

import pytest
from sqlalchemy import create_engine, select, text

from jupyter_lifecycle.errors import IntegrityError, NotFoundError, RegistryError
from jupyter_lifecycle.registry import Rule
from jupyter_lifecycle.registry.artifacts import FolderArtifacts, put
from jupyter_lifecycle.registry.bundles import send
from jupyter_lifecycle.registry.records import NewArtifact
from jupyter_lifecycle.registry.store import Store, backup
from jupyter_lifecycle.registry.store.database import Database
from jupyter_lifecycle.registry.store.schema import metadata


def open_store(url, folder):
    return Store(Database(url), FolderArtifacts(folder), author="ana")


def fill(store, make_bundle):
    """Something in every table; gives the bundle that stays."""
    kept, gone = make_bundle("ltv", files={"big": os.urandom(70_000)}), make_bundle("churn")
    for bundle in (kept, gone):
        manifest = send(store, bundle)
        store.add(manifest, {"team": "Straße", "approved": "yes"}, {"mae": 1.5}, "Ana")
    store.log_metrics(kept.id, {"mae": -0.0, "auc": 1e300}, 3)
    store.tag(kept.id, {"ключ": "line\nbreak"}, ("team",), None)
    note = hashlib.sha256(b"note").hexdigest()
    put(store.artifacts, note, [b"note"])
    store.attach(kept.id, [NewArtifact("note", "file", "text/plain", note)])
    store.set_rule(Rule("ltv", "name = 'ltv' and tags.approved"))
    store.start_deployment("ltv", kept.id, 1, "abc")
    store.set_endpoint("ltv", {"serving": kept.id, "state": "serving"})
    store.set_pin("ltv", kept.id)
    store.lease("x", "me", 60)
    store.bin.delete(gone.id)
    store.mailbox.create("https://x.org/")
    store.keyring.create("ci", ["read"])
    store.mailbox.enqueue()
    return kept


def state(store):
    with store._database.reading() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table))))
            for table in metadata.sorted_tables
        }


@pytest.fixture
def source(tmp_path, make_bundle):
    store = open_store(f"sqlite:///{tmp_path / 'source.db'}", tmp_path / "source")
    store.kept = fill(store, make_bundle)
    yield store
    store.close()


def test_from_sqlite_into_postgresql_and_back(source, tmp_path, postgres_url):
    told = []
    made = source.back_up(tmp_path / "first", lambda *numbers: told.append(numbers))
    assert made == backup.verify(tmp_path / "first")
    assert (made.files, told[-1]) == (len(told), (made.files, made.files))
    assert str(made).startswith(f"1 envelopes, {made.files} files, {made.bytes:,} bytes, of 20")

    there = open_store(postgres_url, tmp_path / "there")
    there.bring_back(tmp_path / "first")
    assert state(there) == state(source)
    there.back_up(tmp_path / "second")

    back = open_store(f"sqlite:///{tmp_path / 'back.db'}", tmp_path / "back")
    back.bring_back(tmp_path / "second")
    assert state(back) == state(source)
    for store in (there, back):
        before = store.newest_event()
        store.fetch(source.kept.files["big"].sha256, tmp_path / "big", None)
        assert (tmp_path / "big").read_bytes() == (source.kept.path / "big").read_bytes()
        store.bin.restore(store.bin.deleted()[0].id)  # new rows get new numbers
        store.mailbox.enqueue()
        assert store.newest_event() > before
        store.close()


def test_the_same_again_writes_no_file_twice(source, tmp_path):
    folder = tmp_path / "backup"
    source.back_up(folder)
    kept = {path: path.stat().st_mtime_ns for path in (folder / "artifacts").rglob("*/*")}
    first = (folder / "tables" / "tags.jsonl.gz").read_bytes()
    source.back_up(folder)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert (folder / "tables" / "tags.jsonl.gz").read_bytes() == first


def test_what_was_tampered_with_does_not_come_back(source, tmp_path):
    folder = tmp_path / "backup"
    source.back_up(folder)
    target = f"sqlite:///{tmp_path / 'target.db'}"

    def refused(message, problem=IntegrityError):
        store = open_store(target, tmp_path / "target")
        with pytest.raises(problem, match=message):
            store.bring_back(folder)
        store.close()

    index = (folder / "backup.json").read_text()
    for wrong, message in [
        ("{", "is no index of a backup"),
        ("[]", "is no index of a backup"),
        (index.replace('"format": 1', '"format": 2'), "in format 2, which this version"),
        (index.replace('"tags": "', '"../tags": "'), "is no index of a backup"),
    ]:
        (folder / "backup.json").write_text(wrong)
        refused(message)
    (folder / "backup.json").write_text(index)

    table = folder / "tables" / "tags.jsonl.gz"
    data = table.read_bytes()
    table.write_bytes(data[:-1])
    refused("tags.jsonl.gz of the backup is not as it was written")
    table.write_bytes(data)

    blob = next((folder / "artifacts").rglob("??/*"))
    data = blob.read_bytes()
    blob.chmod(0o600)
    blob.write_bytes(b"x" + data)
    refused("of the backup is not there whole")
    blob.unlink()
    refused("of the backup is not there whole")
    (folder / "backup.json").unlink()
    refused("There is no finished backup", NotFoundError)
    engine = create_engine(target)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT name FROM sqlite_master")).all() == []
    engine.dispose()


def test_a_registry_that_is_there_is_not_overwritten(source, tmp_path):
    source.back_up(tmp_path / "backup")
    before = state(source)
    with pytest.raises(RegistryError, match=r"There is a registry in .* already\. Name a new"):
        source.bring_back(tmp_path / "backup")
    assert state(source) == before


def test_a_backup_that_cannot_be_whole_is_none(source, tmp_path):
    source.artifacts.remove(source.kept.files["big"].sha256)
    with pytest.raises(IntegrityError, match="is not there: this registry lost it"):
        source.back_up(tmp_path / "backup")
    with pytest.raises(NotFoundError, match="no finished backup"):
        backup.verify(tmp_path / "backup")


def test_a_backup_of_an_older_revision_is_migrated(source, tmp_path):
    folder = tmp_path / "backup"
    source.back_up(folder)
    index = json.loads((folder / "backup.json").read_text())
    index["revision"] = "0004"
    newer = ("windows", "skews", "outcomes", "reactions", "documents", "exposures", "attachments")
    for name in ("trash", "trash_files", "requests", *newer):
        del index["rows"][name], index["tables"][name]
    tokens = folder / "tables" / "tokens.jsonl.gz"
    rows = [json.loads(line) for line in gzip.decompress(tokens.read_bytes()).splitlines()]
    older = [{key: row[key] for key in row if key not in {"only", "rate"}} for row in rows]
    tokens.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in older).encode()))
    index["tables"]["tokens"] = hashlib.sha256(tokens.read_bytes()).hexdigest()
    (folder / "backup.json").write_text(json.dumps(index))
    store = open_store(f"sqlite:///{tmp_path / 'target.db'}", tmp_path / "target")
    store.bring_back(folder)
    assert store.bin.deleted() == ()
    assert store.get(source.kept.id).tags["approved"] == "yes"
    store.close()
    index["revision"] = "9999"
    (folder / "backup.json").write_text(json.dumps(index))
    store = open_store(f"sqlite:///{tmp_path / 'other.db'}", tmp_path / "other")
    with pytest.raises(RegistryError, match="revision 9999, which this version"):
        store.bring_back(folder)
    store.close()
