"""What a model needs: its modules' distributions and their requirements, pinned as a lock."""

from __future__ import annotations

import json
import platform as _platform
import re
import sys
import sysconfig
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import EnvelopeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from packaging.requirements import Requirement

_OURS = "jupyter-lifecycle"


@dataclass(frozen=True, slots=True, order=True)
class Package:
    """One distribution at one version.

    ``url`` is where it came from if no index has it, as in a requirement after ``@``;
    a local label such as ``+cpu`` is part of the version.
    """

    name: str
    version: str
    url: str | None = None

    def requirement(self) -> str:
        """One line of a requirements file."""
        return f"{self.name} @ {self.url}" if self.url else f"{self.name}=={self.version}"


@dataclass(frozen=True, slots=True)
class LocalCode:
    """Code that travels inside the model by value: a notebook, a module, an editable project."""

    name: str
    distribution: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Environment:
    """Interpreter, platform and the pinned packages of a model."""

    python: str
    implementation: str
    platform: str
    packages: tuple[Package, ...] = ()
    local: tuple[LocalCode, ...] = ()

    def requirements(self) -> str:
        """Give the packages as a ``requirements.txt``."""
        lines = [f"# Python {self.python} on {self.platform}"]
        lines += [package.requirement() for package in self.packages]
        return "\n".join(lines) + "\n"

    def pylock(self) -> str:
        """Give the packages in the form of a ``pylock.toml`` (PEP 751), without files.

        An installed package does not know the digests of the files it came from, and saving asks
        no index. For a lock that installers accept, an index fills them in:
        ``uv pip compile requirements.txt --format pylock.toml``.
        """
        minor = ".".join(self.python.split(".")[:2])
        lines = [
            "# Versions without files: uv pip compile requirements.txt --format pylock.toml",
            'lock-version = "1.0"',
            'created-by = "jupyter_lifecycle"',
            f'requires-python = "=={minor}.*"',
        ]
        for package in self.packages:
            lines += ["", "[[packages]]", f"name = {json.dumps(package.name)}"]
            if package.url is None:
                lines.append(f"version = {json.dumps(package.version)}")
            else:
                lines += _source(package.url)
        return "\n".join(lines) + "\n"

    def to_json(self) -> dict[str, Any]:
        """As JSON, readable without Python: see docs/envelope.md."""
        return {
            "python": self.python,
            "implementation": self.implementation,
            "platform": self.platform,
            "packages": [
                {"name": package.name, "version": package.version}
                | ({"url": package.url} if package.url else {})
                for package in self.packages
            ],
            "local": [
                {"name": code.name}
                | ({"distribution": code.distribution} if code.distribution else {})
                | ({"version": code.version} if code.version else {})
                for code in self.local
            ],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Environment:
        """Give the environment that :meth:`to_json` wrote.

        Raises
        ------
        EnvelopeError
            Where it is not one.
        """
        try:
            return cls(
                python=str(value["python"]),
                implementation=str(value["implementation"]),
                platform=str(value["platform"]),
                packages=tuple(
                    Package(str(one["name"]), str(one["version"]), one.get("url"))
                    for one in value["packages"]
                ),
                local=tuple(
                    LocalCode(str(one["name"]), one.get("distribution"), one.get("version"))
                    for one in value["local"]
                ),
            )
        except (KeyError, TypeError, AttributeError) as problem:
            raise EnvelopeError(
                f"The environment is not readable: {problem} is not as expected."
            ) from problem


def _source(url: str) -> list[str]:
    if url.startswith("git+"):
        where, _, commit = url.removeprefix("git+").rpartition("@")
        return [
            f'vcs = {{ type = "git", url = {json.dumps(where)}, commit-id = {json.dumps(commit)} }}'
        ]
    where, _, digest = url.partition("#sha256=")
    return [f'archive = {{ url = {json.dumps(where)}, hashes = {{ sha256 = "{digest}" }} }}']


@dataclass(frozen=True, slots=True)
class _Distribution:
    """What a lock needs of one installed distribution: its metadata is read and parsed once."""

    package: Package
    editable: bool
    requires: tuple[Requirement, ...]

    def required(self, extras: set[str]) -> list[tuple[str, frozenset[str]]]:
        """Give name and extras of each requirement that holds here."""
        return [
            (one.name, frozenset(one.extras))
            for one in self.requires
            if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in extras)
        ]


class Installed:
    """The distributions of ``sys.path``, read once: which one has a module, what it requires."""

    def __init__(self) -> None:
        self._homes = metadata.packages_distributions()
        self._known: dict[str, _Distribution | None] = {}

    def named(self, name: str) -> _Distribution | None:
        """Give a distribution by name; None where it is not installed."""
        key = canonical(name)
        if key not in self._known:
            try:
                self._known[key] = _read(metadata.distribution(name))
            except metadata.PackageNotFoundError:
                self._known[key] = None
        return self._known[key]

    def having(self, module: str) -> list[str]:
        """Names of the distributions that a module comes from: one, except for namespaces."""
        top = module.partition(".")[0]
        homes = sorted(set(self._homes.get(top, ())), key=canonical)
        if len(homes) < 2:
            return homes
        wanted = module.replace(".", "/")
        exact = [name for name in homes if self._has_file(name, wanted)]
        return exact or homes

    def _has_file(self, name: str, wanted: str) -> bool:
        ends = (f"{wanted}/__init__.py", f"{wanted}.py", f"{wanted}.")
        return any(str(file).startswith(ends) for file in metadata.files(name) or ())


def _read(found: metadata.Distribution) -> _Distribution:
    from packaging.requirements import InvalidRequirement, Requirement

    facts = found.metadata
    requires = []
    for line in facts.get_all("Requires-Dist") or ():
        try:
            requires.append(Requirement(line))
        except InvalidRequirement:  # metadata older than the standard: pip ignores it as well
            continue
    text = found.read_text("direct_url.json")
    direct = json.loads(text) if text else {}
    return _Distribution(
        Package(canonical(facts["Name"]), facts["Version"], _url(direct)),
        "dir_info" in direct,
        tuple(requires),
    )


_installed: list[tuple[tuple[str, ...], Installed]] = []


def installed() -> Installed:
    """Give the distributions of this process's ``sys.path``, read at the first call."""
    path = tuple(sys.path)
    if not _installed or _installed[0][0] != path:
        _installed[:] = [(path, Installed())]
    return _installed[0][1]


def canonical(name: str) -> str:
    """Give a distribution's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def resolve(modules: Iterable[str], *, local: Iterable[str] = ()) -> Environment:
    """Give the environment that modules need.

    Parameters
    ----------
    modules : iterable of str
        Full names of modules that the model imports; what is not installed is left out.
    local : iterable of str
        Names of the user's own modules that travel by value.

    Returns
    -------
    Environment
        With the transitive closure of requirements, markers evaluated here, at the versions
        that are installed, sorted by name.
    """
    known = installed()
    roots: dict[str, None] = {}
    travelling: dict[str, LocalCode] = {
        top: LocalCode(top) for name in local if (top := name.partition(".")[0])
    }
    for module in modules:
        if module.partition(".")[0] in sys.stdlib_module_names:
            continue
        for name in known.having(module):
            roots[name] = None
    packages = []
    for found in _closure(known, roots):
        package = found.package
        if package.name == _OURS:
            packages.append(Package(package.name, package.version))
        elif found.editable:
            local_name = LocalCode(package.name, package.name, package.version)
            travelling.setdefault(package.name, local_name)
        else:
            packages.append(package)
    return Environment(
        python=_platform.python_version(),
        implementation=sys.implementation.name,
        platform=sysconfig.get_platform(),
        packages=tuple(sorted(packages)),
        local=tuple(travelling[key] for key in sorted(travelling)),
    )


def _closure(known: Installed, roots: Iterable[str]) -> list[_Distribution]:
    """Every distribution that the roots require, each once, extras followed."""
    done: dict[str, set[str]] = {}
    answer = []
    waiting = [(name, frozenset[str]()) for name in roots]
    while waiting:
        name, extras = waiting.pop()
        key, found = canonical(name), known.named(name)
        if found is None:
            continue
        if key not in done:
            done[key] = set()
            answer.append(found)
            extras |= {""}
        new = set(extras) - done[key]
        done[key] |= new
        if new:
            waiting += found.required(new)
    return answer


def _url(direct: Mapping[str, Any]) -> str | None:
    """Where a distribution came from if that is no index, without credentials."""
    url = re.sub(r"//[^/@]*@", "//", str(direct.get("url", "")))
    if "vcs_info" in direct:
        return f"{direct['vcs_info']['vcs']}+{url}@{direct['vcs_info']['commit_id']}"
    digest = direct.get("archive_info", {}).get("hashes", {}).get("sha256")
    if digest and url.startswith("https://"):
        return f"{url}#sha256={digest}"
    return None
