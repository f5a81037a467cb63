"""The registry's figures: queries and writes beside their floors, on SQLite or PostgreSQL.

    python benchmarks/registry.py [--envelopes 100000] [--database postgresql://…]

Each envelope has ten tags and ten metrics. A query's floor is the same answer by hand-written SQL
on the bare driver (SQLite only); what is shown is CPU and wall time in this process, in milliseconds.
"""

from __future__ import annotations

import argparse
import itertools
import random
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

from sqlalchemy import insert

from jupyter_lifecycle.registry import Rule
from jupyter_lifecycle.registry.artifacts import FolderArtifacts
from jupyter_lifecycle.registry.store import Store
from jupyter_lifecycle.registry.store.database import Database
from jupyter_lifecycle.registry.store.schema import (
    envelopes,
    environment_packages,
    environments,
    manifests,
    metrics,
    schema_fields,
    schemas,
    tags,
)
from jupyter_lifecycle.registry.versions import version_order

BATCH = 2_000
DAY = 86_400_000_000

QUERIES = {
    "newest 20": "",
    "one tag, 1 in 10,000": "tags.t0 = 'v7'",
    "one tag, half of all": "tags.t1 = 'v1'",
    "two tags, half of each": "tags.t1 = 'v1' and tags.t2 = 'v0'",
    "or of two tags": "tags.t0 = 'v7' or tags.t0 = 'v8'",
    "or with a broad tag": "tags.t1 = 'v1' or tags.t0 = 'v8'",
    "not a broad tag": "not tags.t1 = 'v1'",
    "no such tag": "tags.nothing = 'x'",
    "name, best metric": "name = 'model-7' order by metrics.m0",
    "best metric of all": "order by metrics.m0",
    "best metric, descending": "order by metrics.m0 desc",
    "range of a metric, few": "metrics.m0 < 0.001",
    "range of a metric, half": "metrics.m0 < 0.5",
    "name, tag, order": "name = 'model-7' and tags.t1 = 'v1' order by metrics.m3 desc",
    "input and package": "input.x3.type = 'number' and package.scikit-learn = '1.5.0'",
    "package below a version": "package.scikit-learn < '1.5'",
    "ilike on the name": "name ilike '%ODEL-77%'",
    "the design's example": (
        "name = 'model-7' and (tags.t1 in ('v0', 'v1') or metrics.m0 > 0.8) and not tags.t9"
        " and created_at > '2024-01-01' order by metrics.m0 desc"
    ),
}

FLOORS = {
    "newest 20": "SELECT seq FROM envelopes ORDER BY created_at DESC, seq DESC LIMIT 21",
    "one tag, 1 in 10,000": (
        "SELECT e.seq FROM tags t CROSS JOIN envelopes e ON e.seq = t.envelope"
        " WHERE t.key = 't0' AND t.value = 'v7' ORDER BY e.created_at DESC LIMIT 21"
    ),
    "one tag, half of all": (
        "SELECT e.seq FROM envelopes e WHERE EXISTS (SELECT 1 FROM tags t WHERE t.envelope = e.seq"
        " AND t.key = 't1' AND t.value = 'v1') ORDER BY e.created_at DESC LIMIT 21"
    ),
    "best metric of all": (
        "SELECT e.seq FROM metrics m CROSS JOIN envelopes e ON e.seq = m.envelope"
        " WHERE m.key = 'm0' ORDER BY m.latest LIMIT 21"
    ),
}


def fill(database: Database, count: int) -> None:
    """Rows as the store would write them, without a manifest worth reading."""
    draw = random.Random(7)
    with database.writing() as (connection, _):
        for key in range(1, 9):
            connection.execute(
                insert(schemas).values(key=key, digest=bytes([key]), output_type="number")
            )
            connection.execute(
                insert(schema_fields),
                [
                    {
                        "schema": key,
                        "side": "input",
                        "name": f"x{n}",
                        "type": "number" if n % key else "string",
                    }
                    for n in range(30)
                ],
            )
            connection.execute(insert(environments).values(key=key, digest=bytes([key])))
            connection.execute(
                insert(environment_packages),
                [
                    {
                        "environment": key,
                        "name": name,
                        "version": version,
                        "version_order": version_order(version),
                    }
                    for name, version in (
                        *((f"p{n}", "1") for n in range(40)),
                        ("scikit-learn", f"1.{key}.0"),
                    )
                ],
            )
    for start in range(0, count, BATCH):
        numbers = range(start + 1, min(start + BATCH, count) + 1)
        with database.writing() as (connection, now):
            connection.execute(
                insert(envelopes),
                [
                    {
                        "seq": n,
                        "id": f"{draw.getrandbits(160):040x}",
                        "name": f"model-{n % 1000}",
                        "author": f"user-{n % 50}",
                        "created_at": now - (count - n) * DAY // 1000,
                        "size": n,
                        "python": "3.11.9",
                        "python_order": version_order("3.11.9"),
                        "schema": n % 8 + 1,
                        "environment": n % 8 + 1,
                    }
                    for n in numbers
                ],
            )
            connection.execute(insert(manifests), [{"envelope": n, "body": "{}"} for n in numbers])
            connection.execute(
                insert(tags),
                [
                    {
                        "envelope": n,
                        "key": f"t{k}",
                        "value": f"v{draw.randrange(10_000 if k == 0 else 2)}",
                    }
                    for n in numbers
                    for k in range(10)
                ],
            )
            connection.execute(
                insert(metrics),
                [
                    {"envelope": n, "key": f"m{k}", "latest": v, "first": v, "min": v, "max": v}
                    for n in numbers
                    for k in range(10)
                    for v in [draw.random()]
                ],
            )


def measure(call, seconds: float = 1.0, least: int = 5) -> tuple[float, float, float]:
    """Median CPU, median and 99th percentile wall time of a call, in milliseconds."""
    call()
    walls, cpus, until = [], [], time.perf_counter() + seconds
    while len(walls) < least or (time.perf_counter() < until and len(walls) < 1_000):
        cpu, wall = time.process_time(), time.perf_counter()
        call()
        walls.append((time.perf_counter() - wall) * 1000)
        cpus.append((time.process_time() - cpu) * 1000)
    walls.sort()
    return statistics.median(cpus), statistics.median(walls), walls[int(len(walls) * 0.99)]


def show(name: str, call) -> None:
    print(f"{name:<28}" + "".join(f"{value:8.2f}" for value in measure(call)), flush=True)


def show_queries(store: Store, bare: sqlite3.Connection | None) -> None:
    print(f"\n{'query, first page of 20':<28}{'CPU':>8}{'p50':>8}{'p99':>8}{'floor':>8}{'x':>6}")
    for name, query in QUERIES.items():
        cpu, p50, p99 = measure(lambda query=query: store.search(query, 20, None))
        line = f"{name:<28}{cpu:8.2f}{p50:8.2f}{p99:8.2f}"
        if bare is not None and name in FLOORS:
            floor = measure(lambda name=name: bare.execute(FLOORS[name]).fetchall())[0]
            line += f"{floor:8.2f}{cpu / max(floor, 1e-3):6.0f}"
        print(line, flush=True)


def show_others(store: Store) -> None:
    ids = [record.id for record in store.search("", 1_000, None)]
    numbers = itertools.count()

    def tag() -> None:
        n = next(numbers)
        store.tag(ids[n % 1000], {"note": str(n)}, (), None)

    def log() -> None:
        n = next(numbers)
        store.log_metrics(ids[n % 1000], {"m0": n / 1e6}, None)

    def approve() -> None:
        n = next(numbers)
        store.tag(ids[n % 1000], {"approved": str(n)}, (), None)

    print(f"\n{'other':<28}{'CPU':>8}{'p50':>8}{'p99':>8}")
    show("tag", tag)
    show("metric", log)
    show("count of all", lambda: store.count(""))
    show("count of a broad or", lambda: store.count(QUERIES["or with a broad tag"]))
    for number in range(20):
        when = f"name = 'model-{number}' and tags.approved = 'yes'"
        store.set_rule(Rule(f"e{number}", when=when))
    show("tag that 20 rules read", approve)
    show("its preview", lambda: store.preview(ids[3], {"approved": "x"}, ()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--envelopes", type=int, default=100_000)
    parser.add_argument("--database", help="an empty PostgreSQL database; SQLite where not given")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        file = Path(folder) / "registry.db"
        database = Database(arguments.database or f"sqlite:///{file}")
        store = Store(database, FolderArtifacts(Path(folder) / "artifacts"), author="benchmark")
        store.prepare()
        print(f"a new database      {(time.perf_counter() - started) * 1000:8.1f} ms")
        started = time.perf_counter()
        fill(database, arguments.envelopes)
        print(f"{arguments.envelopes:,} envelopes   {time.perf_counter() - started:8.1f} s")
        bare = sqlite3.connect(file) if database.is_sqlite else None
        if bare is not None:
            print(f"size of the database {file.stat().st_size / 2**20:7.0f} MiB")
        show_queries(store, bare)
        show_others(store)
        store.close()


if __name__ == "__main__":
    main()
