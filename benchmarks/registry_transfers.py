"""A large artifact to and from a registry's server, beside a plain copy that ends on the disk.

    python benchmarks/registry_transfers.py [--megabytes 2048] [--rounds 3]

The server is a process of its own, as `jupyter lifecycle registry` runs it. What is shown is the best of
the rounds in MB/s, how that is to a plain copy in the same run, and the most memory that the server had.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from jupyter_lifecycle.registry import Registry
from jupyter_lifecycle.registry.artifacts import read_chunks


def copy(source: Path, target: Path) -> None:
    """The floor: read, write, wait for the disk."""
    with source.open("rb") as reading, target.open("wb") as writing:
        for chunk in read_chunks(reading):
            writing.write(chunk)
        writing.flush()
        os.fsync(writing.fileno())


def hashed(source: Path) -> str:
    with source.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def made(folder: Path, megabytes: int, number: int) -> tuple[Path, str]:
    path, block = folder / f"file-{number}", bytearray(os.urandom(2**20))
    with path.open("wb") as stream:
        for index in range(megabytes):
            block[:8] = index.to_bytes(8, "big")
            stream.write(block)
    return path, hashed(path)


def timed(call) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def memory_mb(pid: int) -> tuple[float, float]:
    """Resident now and at most, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    found = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith("Vm")}
    return int(found["VmRSS"]) / 1024, int(found["VmHWM"]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {**os.environ, "JUPYTER_LIFECYCLE_HOME": str(folder / "home")}
        token_file = folder / "token"
        command = [sys.executable, "-m", "jupyter_lifecycle.cli", "registry", "--port", "0"]
        started = time.perf_counter()
        server = subprocess.Popen(
            [*command, "--token-file", str(token_file)],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert server.stdout is not None
            line = next(line for line in server.stdout if " on http" in line)
            ready = time.perf_counter() - started
            address = line.split(" on ")[1].split()[0]
            with Registry(address, token=token_file.read_text().strip()) as registry:
                assert registry.count() == 0
                idle = memory_mb(server.pid)[0]
                report(registry, folder, arguments, server.pid, (ready, idle))
        finally:
            server.terminate()
            server.wait(30)


def report(
    registry: Registry,
    folder: Path,
    arguments: argparse.Namespace,
    pid: int,
    start: tuple[float, float],
) -> None:
    best = dict.fromkeys(("copy", "sha256", "upload", "download"), float("inf"))
    target = folder / "target"
    backend = registry._backend  # noqa: SLF001 - one file, without an envelope around it
    for number in range(arguments.rounds):
        path, digest = made(folder, arguments.megabytes, number)
        for what, call in (
            ("copy", lambda path=path: copy(path, target)),
            ("sha256", lambda path=path: hashed(path)),
            ("upload", lambda path=path, digest=digest: backend.send(digest, path, None)),
            ("download", lambda digest=digest: backend.fetch(digest, target, None)),
        ):
            best[what] = min(best[what], timed(call))
        path.unlink()
        blob = folder / "home" / "artifacts" / digest[:2] / digest
        blob.unlink()
    for what, seconds in best.items():
        print(f"{what:<10}{arguments.megabytes / seconds:10.0f} MB/s")
    found = {
        "megabytes": arguments.megabytes,
        "ready_s": round(start[0], 2),
        "idle_mb": round(start[1]),
        "server_peak_mb": round(memory_mb(pid)[1]),
        "upload_to_copy": round(best["copy"] / best["upload"], 2),
        "download_to_copy": round(best["copy"] / best["download"], 2),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
