"""Where a deployer keeps things on this machine."""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
import tempfile
from pathlib import Path

from jupyter_lifecycle.errors import DeploymentError

_LONGEST_SOCKET = 100  # Linux takes 107 bytes, macOS 103
_KEPT_SERVICES = 10


class Place:
    """The folder of one deployer.

    Parameters
    ----------
    folder : pathlib.Path
        Not made before :meth:`make`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    def make(self) -> None:
        """Make the folder where it does not exist, for its owner only."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @property
    def environments(self) -> Path:
        """Built environments, by the digest of their lock."""
        return self.folder / "environments"

    @property
    def captures(self) -> Path:
        """Captured requests, by endpoint and envelope."""
        return self.folder / "captures"

    @property
    def lock(self) -> Path:
        """The file that the one deployer holds locked."""
        return self.folder / "deployer.lock"

    @property
    def log(self) -> Path:
        """What a detached deployer writes."""
        return self.folder / "deployer.log"

    @property
    def starting(self) -> Path:
        """Touched by who starts a deployer, removed by the deployer once it runs."""
        return self.folder / "deployer.starting"

    def endpoint_names(self) -> list[str]:
        """List the endpoints that have been kept here."""
        found = (self.folder / "endpoints").glob("*/memory.json")
        return sorted(path.parent.name for path in found)

    def memory_of(self, endpoint: str) -> Path:
        """Where an endpoint's processes are remembered."""
        return self.folder / "endpoints" / endpoint / "memory.json"

    def captures_of(self, endpoint: str, envelope: str) -> Path:
        """Where captured requests go."""
        return self.captures / endpoint / envelope[:10]

    @property
    def windows(self) -> Path:
        """What services counted and nobody has fetched yet, by endpoint and envelope."""
        return self.folder / "windows"

    @property
    def jobs(self) -> Path:
        """Training jobs, by endpoint."""
        return self.folder / "jobs"

    def windows_of(self, endpoint: str, envelope: str) -> Path:
        """Where a service writes what it counted."""
        return self.windows / endpoint / envelope[:10]

    @property
    def exposures(self) -> Path:
        """Who saw which arm, until the registry has it, by endpoint."""
        return self.folder / "exposures"

    def exposures_of(self, endpoint: str) -> Path:
        """Where it is written who saw which arm, until the registry has it."""
        return self.exposures / endpoint

    def new_service(self, endpoint: str, name: str) -> Path:
        """Make a folder for one service."""
        folder = self.folder / "endpoints" / endpoint / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def old_services(self, endpoint: str, used: set[str]) -> list[Path]:
        """List the folders of all but the last ten services, and those that are in use."""
        here = self.folder / "endpoints" / endpoint
        found = [path for path in here.iterdir() if path.is_dir() and path.name[0] != "."]
        found.sort(key=lambda path: path.stat().st_mtime, reverse=True)
        return [path for path in found[_KEPT_SERVICES:] if str(path) not in used]

    def new_control(self) -> Path:
        """Choose a path for a control socket that only this user reaches.

        A socket's path may have a hundred bytes at most; where this folder's is too long it
        stands in the system's folder for temporary files.

        Raises
        ------
        DeploymentError
            Where somebody else has that folder.
        """
        name = f"{secrets.token_hex(5)}.sock"
        run = self.folder / "run"
        if len(os.fsencode(run / name)) > _LONGEST_SOCKET:
            mark = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:10]
            run = Path(tempfile.gettempdir()) / f"jupyter-lifecycle-{os.getuid()}-{mark}"
        run.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = run.stat()
        if found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
            raise DeploymentError(
                f"{run} belongs to somebody else or is open to others, so the deployer cannot "
                "speak to its services there. Remove it, or set TMPDIR to a folder of your own."
            )
        return run / name
