"""The interpreter that a service runs in: the one at hand where it fits the lock, else a built one.

Whether it fits is looked up in what is installed, package by package, never believed. A built
environment is made beside its place and renamed into it, so it is there whole or not at all; its
name is a digest of all that went into it, so the next service that needs the same finds it.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import platform
import re
import secrets
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from jupyter_lifecycle.deployment.prune import mark_used
from jupyter_lifecycle.deployment.wheel import build_wheel, wheel_digest
from jupyter_lifecycle.envelope.indexes import uv_environment, without_secrets
from jupyter_lifecycle.errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

Choice = Literal["auto", "build"]

_SERVICE = {"fastapi": "0.115", "uvicorn": "0.30", "cloudpickle": "3.0"}
_FASTER = ("httptools", "uvloop")
SERVICE_PACKAGES = (*_SERVICE, *_FASTER)
"""What a service needs beside its model; the last two where they are at hand."""


class Package(Protocol):
    """One line of a lock."""

    @property
    def name(self) -> str:
        """Name of the distribution."""

    @property
    def version(self) -> str:
        """Its exact version."""


class Lock(Protocol):
    """What an envelope says that its model needs."""

    @property
    def packages(self) -> Sequence[Package]:
        """Every distribution, the indirect ones too."""

    @property
    def python(self) -> str:
        """Python version, such as ``3.11.7``."""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python that a service can run in."""

    path: Path
    fact: str
    """One line for people: where it came from."""
    isolated: bool
    """Whether it is an environment of its own, and not the deployer's."""


class Cancelled(Exception):  # noqa: N818 - somebody wanted it
    """Something newer is wanted; what was begun is thrown away."""


def canonical(name: str) -> str:
    """Normalise a distribution's name as PEP 503 says."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed(name: str) -> str | None:
    """Look up the version of a distribution in this interpreter, None where it has none."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def differences(lock: Lock) -> tuple[str, ...]:
    """List how the interpreter at hand differs from a lock; nothing means that it fits.

    Parameters
    ----------
    lock : Lock
        Packages and Python version.

    Returns
    -------
    tuple of str
        Such as ``scikit-learn 1.9.1 is wanted, 1.8.0 is installed``.
    """
    importlib.invalidate_caches()
    found = []
    if _minor(lock.python) != _minor(platform.python_version()):
        found.append(f"Python {lock.python} is wanted, {platform.python_version()} runs here")
    for package in lock.packages:
        have = installed(package.name)
        if have != package.version:
            state = f"{have} is installed" if have else "none is installed"
            found.append(f"{package.name} {package.version} is wanted, {state}")
    return tuple(found)


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def pins_at_hand(names: Iterable[str], besides: set[str]) -> dict[str, str]:
    """Pin packages, and what those need, at the versions at hand.

    Parameters
    ----------
    names : iterable of str
        Distributions; those that are not installed are left out.
    besides : set of str
        Canonical names that the envelope's lock has already; they are left to it.
    """
    from packaging.requirements import Requirement

    pins: dict[str, str] = {}
    waiting = list(names)
    while waiting:
        name = canonical(waiting.pop())
        if name in pins or name in besides:
            continue
        version = installed(name)
        if version is None:
            continue
        pins[name] = version
        for line in metadata.requires(name) or []:
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(requirement.name)
    return dict(sorted(pins.items()))


class Environments:
    """Finds or makes the interpreter for a lock.

    Parameters
    ----------
    folder : pathlib.Path
        Where built environments are kept.
    needs : Mapping[str, str], optional
        Packages beside the model's, each with its least version; a service's
        where not given.
    """

    def __init__(self, folder: Path, needs: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self._needs = dict(_SERVICE if needs is None else needs)
        self._faster = _FASTER if needs is None else ()

    def prepare(
        self,
        lock: Lock,
        *,
        choice: Choice = "auto",
        say: Callable[[str], None] = lambda _: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Interpreter:
        """Give an interpreter that satisfies the lock to the version.

        Parameters
        ----------
        lock : Lock
            The envelope's environment.
        choice : {"auto", "build"}
            ``auto`` takes the interpreter at hand where it fits; ``build`` never does.
        say : callable
            Takes lines of the log.
        cancelled : callable
            Asked now and then; once true the build stops.

        Raises
        ------
        BuildError
            Where no environment can be built; the message has the installer's own last words.
        Cancelled
            Where `cancelled` said so.
        """
        differing = differences(lock)
        if choice == "auto" and not differing:
            count = len(lock.packages)
            return Interpreter(
                Path(sys.executable),
                f"interpreter at hand, {count} packages checked",
                isolated=False,
            )
        for line in differing[:20]:
            say(line)
        besides = {canonical(package.name) for package in lock.packages}
        pins = pins_at_hand([*self._needs, *self._faster], besides)
        place = self._folder / self._key(lock, pins)
        python = place / "bin" / "python"
        mark_used(place)
        if python.exists():
            return Interpreter(python, f"environment {place.name[:8]} reused", isolated=True)
        fact = _Build(self._folder, lock, (self._needs, pins), say, cancelled).into(place)
        mark_used(place)
        return Interpreter(python, fact, isolated=True)

    def sweep(self) -> None:
        """Remove what a killed deployer left half built; only the one deployer may call it."""
        if self._folder.exists():
            for staging in self._folder.glob(".building-*"):
                shutil.rmtree(staging, ignore_errors=True)

    def _key(self, lock: Lock, pins: dict[str, str]) -> str:
        parts = [lock.python, platform.python_version(), platform.platform(), wheel_digest()]
        parts += sorted(f"{canonical(p.name)}=={p.version}" for p in lock.packages)
        parts += [f"+{name}=={version}" for name, version in pins.items()]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


class _Build:
    """One build: in a folder of its own, renamed into place at the end."""

    def __init__(
        self,
        folder: Path,
        lock: Lock,
        besides: tuple[dict[str, str], dict[str, str]],
        say: Callable[[str], None],
        cancelled: Callable[[], bool],
    ) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = lock
        self._needs, self._pins = besides
        self._say = say
        self._cancelled = cancelled
        self._staging = folder / f".building-{secrets.token_hex(6)}"

    def into(self, place: Path) -> str:
        self._staging.mkdir()
        try:
            fact = self._make(self._staging / "environment")
            try:
                (self._staging / "environment").rename(place)
            except OSError:
                if not (
                    place / "bin" / "python"
                ).exists():  # else somebody built the same meanwhile
                    raise
        finally:
            shutil.rmtree(self._staging, ignore_errors=True)
        return fact

    def _make(self, environment: Path) -> str:
        same = _minor(self._lock.python) == _minor(platform.python_version())
        python = sys.executable if same else _minor(self._lock.python)
        arguments = ["venv", "--relocatable", "--no-python-downloads", "--python", python]
        try:
            self._uv(*arguments, str(environment))
        except BuildError as problem:
            if same:
                raise
            raise BuildError(
                f"The envelope was saved with Python {self._lock.python}; this deployer runs "
                f"{platform.python_version()} and finds no Python {python} on this machine. "
                f"Install Python {python}, or start the deployer with it."
            ) from problem
        wheel = build_wheel(self._staging)
        target = ["pip", "install", "--python", str(environment / "bin" / "python")]
        output = self._install(target)
        self._uv(*target, "--no-deps", "--no-index", str(wheel))
        return _fact(output, len(self._lock.packages) + len(self._pins))

    def _install(self, target: list[str]) -> str:
        model = [f"{package.name}=={package.version}" for package in self._lock.packages]
        pinned = [f"{name}=={version}" for name, version in self._pins.items()]
        try:
            return self._uv(*target, "-r", self._requirements([*model, *pinned]))
        except BuildError as problem:
            if "No solution found" not in problem.message:
                raise
            self._say("the service's own packages do not go with the model's; trying others")
            loose = [f"{n}>={low}" for n, low in self._needs.items() if canonical(n) in self._pins]
            try:
                return self._uv(*target, "-r", self._requirements([*model, *loose]))
            except BuildError:
                raise problem from None

    def _requirements(self, lines: list[str]) -> str:
        file = self._staging / "requirements.txt"
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return str(file)

    def _uv(self, *arguments: str) -> str:
        import uv

        log = self._staging / "uv.log"
        command = [uv.find_uv_bin(), "--no-progress", "--color", "never", *arguments]
        with log.open("w") as sink:
            process = subprocess.Popen(  # noqa: S603 - our own arguments
                command,
                cwd=self._staging,
                env=uv_environment(os.environ),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
            )
            while True:
                try:
                    status = process.wait(timeout=0.1)
                    break
                except subprocess.TimeoutExpired:
                    if self._cancelled():
                        process.kill()
                        process.wait()
                        raise Cancelled from None
        output = without_secrets(log.read_text(errors="replace")).replace(str(self._staging), "…")
        for line in output.splitlines():
            self._say(f"uv: {line}")
        if status:
            words = " ".join(output.split())[-1500:]
            raise BuildError(f"The environment could not be built: uv {arguments[0]} said: {words}")
        return output


def _fact(output: str, total: int) -> str:
    downloaded = re.search(r"Prepared (\d+) package", output)
    fresh = int(downloaded.group(1)) if downloaded else 0
    return f"{total} packages installed, {total - fresh} from the cache"
