"""``verify``: the environment is built anew in a folder of its own, and the example replayed there.

Nothing of the notebook, of this interpreter's packages or of the current folder can be found there:
what the lock forgot is missed.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.envelope.agreement import first_difference
from jupyter_lifecycle.envelope.environment import canonical
from jupyter_lifecycle.envelope.indexes import uv_environment, without_secrets

if TYPE_CHECKING:
    from jupyter_lifecycle.envelope.bundle import Bundle

_OURS = "jupyter-lifecycle"
_LABEL = re.compile(r"\+[a-z0-9.]+$")
_REPLAY = """
import json, sys
from pathlib import Path
sys.path.append(sys.argv[1])
from jupyter_lifecycle.envelope.bundle import Bundle
bundle = Bundle(Path(sys.argv[2]), trust=True, source="made")
rows = bundle.schema.decode(bundle.example_json())
query, schema = bundle.query(), bundle.schema
answer = query.ask(schema, rows)
seen = {"answers": schema.encode(answer)}
if not bundle.manifest.verified:
    from jupyter_lifecycle.envelope.query import describe_answer
    outputs, kind, aligned = describe_answer(query, schema, rows, answer)
    seen["schema"] = schema.with_answer(outputs, kind, aligned=aligned).to_json()
Path(sys.argv[3]).write_text(json.dumps(seen), "utf-8")
"""


@dataclass(frozen=True, slots=True)
class Proof:
    """What happened when an envelope's environment was built anew and its example replayed."""

    envelope: str
    passed: bool
    reason: str
    """Why it did not pass, in the installer's or the model's own words; empty where it did."""
    python: str
    platform: str
    packages: int
    """How many were installed."""
    build_seconds: float
    replay_seconds: float
    notes: tuple[str, ...] = ()
    """Where the index had not the very package, such as a build without its local label."""
    pylock: str = ""
    """The environment as ``pylock.toml`` (PEP 751) with the digests of the index's files."""
    schema: Any = None
    """The schema as it was seen, as JSON, where the envelope's own was not verified before."""

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)

    def __str__(self) -> str:
        said = "passed" if self.passed else f"failed: {self.reason}"
        return (
            f"{self.envelope[:10]} {said} (Python {self.python}, {self.packages} packages, "
            f"built in {self.build_seconds:.1f} s, replayed in {self.replay_seconds:.1f} s)"
        )


class _NotProvedError(Exception):
    """Why the example was not answered there."""


def prove(bundle: Bundle, *, limit: float = 600.0, lock: bool = True) -> Proof:
    """Build an envelope's environment in a fresh folder and replay its example there.

    Parameters
    ----------
    bundle : Bundle
        Trusted: its code runs, in a process of its own.
    limit : float
        Seconds that the replay may take.
    lock : bool
        Whether the index is asked for the digests of ``pylock.toml`` as well.

    Returns
    -------
    Proof
        Also where it did not pass.

    Raises
    ------
    TrustError
        Where nobody said that the envelope's code may run.
    """
    bundle.require_trust()
    bundle.verify_files()
    folder = Path(tempfile.mkdtemp(prefix="proof-"))
    try:
        return _Attempt(bundle, folder, limit).made(lock=lock)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Attempt:
    """One build and one replay in one folder."""

    def __init__(self, bundle: Bundle, folder: Path, limit: float) -> None:
        self._bundle = bundle
        self._folder = folder
        self._limit = limit
        self._notes: list[str] = []
        self._schema: Any = None
        self._python = folder / "environment" / "bin" / "python"
        environment = bundle.manifest.environment
        self._lines = [
            package.requirement()
            for package in environment.packages
            if canonical(package.name) != _OURS  # it stands beside the environment
        ]

    def made(self, *, lock: bool) -> Proof:
        reason, built, replayed = "", 0.0, 0.0
        started = time.perf_counter()
        try:
            self._build()
            built = time.perf_counter() - started
            started = time.perf_counter()
            self._replay()
            replayed = time.perf_counter() - started
        except _NotProvedError as problem:
            reason = str(problem)
        environment = self._bundle.manifest.environment
        return Proof(
            self._bundle.id,
            not reason,
            reason,
            environment.python,
            platform.platform(),
            len(self._lines),
            round(built, 3),
            round(replayed, 3),
            tuple(self._notes),
            self._pylock() if lock and not reason else "",
            self._schema,
        )

    def _build(self) -> None:
        wanted = _minor(self._bundle.manifest.environment.python)
        python = sys.executable if wanted == _minor(platform.python_version()) else wanted
        self._uv("venv", "--no-python-downloads", "--python", python, self._folder / "environment")
        try:
            self._install(self._lines)
        except _NotProvedError:
            plain = [_LABEL.sub("", line) for line in self._lines]
            if plain == self._lines:
                raise
            self._install(plain)
            changed = [line for line in self._lines if _LABEL.search(line)]
            self._notes.append(f"the index has no {', '.join(changed)}: its own build was taken")

    def _install(self, lines: list[str]) -> None:
        file = self._folder / "requirements.txt"
        file.write_text("\n".join(lines) + "\n", "utf-8")
        if lines:
            self._uv("pip", "install", "--python", self._python, "-r", file)

    def _pylock(self) -> str:
        file = self._folder / "requirements.txt"
        target = self._folder / "pylock.toml"
        words = ["pip", "compile", "--quiet", "--no-header", "--python", self._python]
        try:
            self._uv(*words, "--format", "pylock.toml", "-o", target, file)
        except _NotProvedError as problem:
            self._notes.append(f"pylock.toml was not made: {problem}")
            return ""
        return without_secrets(target.read_text("utf-8"))

    def _uv(self, *words: object) -> None:
        import uv

        command = [uv.find_uv_bin(), "--no-progress", "--color", "never", *map(str, words)]
        done = subprocess.run(  # noqa: S603 - our own arguments
            command,
            cwd=self._folder,
            env=uv_environment(os.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = " ".join(without_secrets(done.stderr).split())[-1500:]
            raise _NotProvedError(f"uv {words[0]} said: {said}")

    def _replay(self) -> None:
        beside = self._folder / "beside"
        elsewhere = self._folder / "elsewhere"
        answers = self._folder / "answers.json"
        beside.mkdir()
        elsewhere.mkdir()
        (beside / "jupyter_lifecycle").symlink_to(Path(__file__).resolve().parents[1])
        words = [self._python, "-I", "-c", _REPLAY, beside, self._bundle.path, answers]
        try:
            done = subprocess.run(  # noqa: S603 - the environment's own interpreter
                [str(word) for word in words],
                cwd=elsewhere,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=self._limit,
            )
        except subprocess.TimeoutExpired:
            raise _NotProvedError(f"the replay took longer than {self._limit:.0f} s") from None
        if done.returncode:
            raise _NotProvedError(f"the replay failed: {_last(done.stderr)}")
        found = json.loads(answers.read_text("utf-8"))
        if not self._bundle.manifest.verified:
            self._see(found["schema"])
        if not self._bundle.manifest.example.repeatable:
            return
        if difference := first_difference(self._bundle.answers_json(), found["answers"]):
            raise _NotProvedError(f"it answers otherwise: {difference}")

    def _see(self, seen: dict[str, Any]) -> None:
        """Note where the answers are otherwise than somebody wrote down."""
        self._schema = seen
        said = [field.type for field in self._bundle.schema.outputs]
        found = [field["type"] for field in seen["outputs"]]
        if said and said != found:
            self._notes.append(
                f"the signature says that it answers {', '.join(said)}; it answers"
                f" {', '.join(found)}"
            )


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _last(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
