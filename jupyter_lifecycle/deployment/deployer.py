"""The deployer: one process that makes what runs on this machine what the rules want."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import logging
import os
import re
import secrets
import socket
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from jupyter_lifecycle.deployment.changes import Changes
from jupyter_lifecycle.deployment.collecting import Collector
from jupyter_lifecycle.deployment.environment import Environments
from jupyter_lifecycle.deployment.exposed import send_exposures
from jupyter_lifecycle.deployment.keeper import Keeper
from jupyter_lifecycle.deployment.monitor import Monitor
from jupyter_lifecycle.deployment.options import Options
from jupyter_lifecycle.deployment.place import Place
from jupyter_lifecycle.deployment.prune import prune
from jupyter_lifecycle.errors import DeploymentError, RegistryError, RuleError

if TYPE_CHECKING:
    from typing import Self

    from jupyter_lifecycle.registry import Registry
    from jupyter_lifecycle.registry.records import Rule, Want

LOG = logging.getLogger("jupyter_lifecycle.deployer")
LEASE = "deployer:local"
LEASE_SECONDS = 15.0
_TICK = 0.05
_PAUSE = 2.0
_PRUNE_SECONDS = 3600.0
COLLECT_SECONDS = 5.0


def default_folder(registry: Registry) -> Path:
    """Where the deployer of a registry keeps things if nobody says otherwise.

    In the home of an embedded registry; for a server in the user's own data folder.
    """
    if registry.is_local:
        return Path(registry.location) / "deployer"
    from jupyter_lifecycle.places import data_home

    mark = hashlib.sha256(registry.location.encode()).hexdigest()[:12]
    return data_home() / "deployers" / mark


class Deployer:
    """Reconciles what is wanted of the target ``local`` with what runs on this machine.

    There is one at a time: a file lock keeps a second one out of the same folder, a lease in the
    registry keeps one on another machine out. It may be killed at any moment: services go on, and
    the next one adopts them.

    Parameters
    ----------
    registry : Registry
        Says what is wanted.
    folder : pathlib.Path, optional
        Where services, environments and what it has to remember are kept.

    Examples
    --------
    >>> with Deployer(Registry()) as deployer:  # doctest: +SKIP
    ...     deployer.step()
    """

    def __init__(self, registry: Registry, folder: Path | None = None) -> None:
        self._registry = registry
        self._place = Place(folder or default_folder(registry))
        self._changes = Changes(registry)
        self._wants: dict[str, tuple[Want, Rule]] = {}
        self._keepers: dict[str, Keeper] = {}
        self._busy: dict[str, Future[None]] = {}
        self._pause: dict[str, float] = {}
        self._due: set[str] = set()
        """Endpoints to look after, though somebody may be at it still."""
        self._workers = ThreadPoolExecutor(8, thread_name_prefix="keeper")
        self._stopping = threading.Event()
        self._collector = Collector(registry, self._place.windows)
        self._monitor = Monitor(registry, self._place.jobs)
        self._collecting: Future[None] | None = None
        self._collect_next = 0.0
        self._pruning: Future[None] | None = None
        self._prune_next = 0.0
        self._lock: TextIO | None = None
        self._renewing: threading.Thread | None = None
        machine = hashlib.sha256(str(self._place.folder).encode()).hexdigest()[:10]
        host = re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname())[:80] or "host"
        self._mine = f"{host}:{machine}:"
        self._holder = f"{self._mine}{os.getpid()}:{secrets.token_hex(4)}"

    def __enter__(self) -> Self:
        self.take()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def take(self) -> None:
        """Become the one deployer.

        Raises
        ------
        DeploymentError
            Where there is one already; says which.
        """
        if self._lock is not None:
            return
        self._place.make()
        lock = _lock_patiently(self._place.lock)
        if lock is None:
            raise DeploymentError(
                f"A deployer runs already in {self._place.folder}"
                f"{_which(running_deployer(self._place.lock))}. "
                "jupyter lifecycle deployer stop ends it."
            )
        self._lock = lock
        lock.truncate(0)  # what an earlier one wrote; until the lease is ours this one only starts
        try:
            self._take_lease()
        except BaseException:
            lock.close()
            self._lock = None
            raise
        _write_lock(lock, self._registry.location)
        self._place.starting.unlink(missing_ok=True)
        Environments(self._place.environments).sweep()
        self._renewing = threading.Thread(target=self._renew, name="lease", daemon=True)
        self._renewing.start()

    def step(self) -> None:
        """Look once at what is wanted, do all of it, and wait until it is done.

        Raises
        ------
        DeploymentError
            Where another deployer runs.
        """
        self.take()
        self._look()
        for endpoint in self._endpoints():
            self._start(endpoint)
        self._finish()
        self._collect_now()

    def run(self, *, idle_seconds: float | None = None) -> None:
        """Reconcile until :meth:`stop`.

        Parameters
        ----------
        idle_seconds : float, optional
            End by itself after so long without any rule for this target and any service to keep.

        Raises
        ------
        DeploymentError
            Where another deployer runs, or one on another machine took over.
        """
        self.take()
        useful = time.monotonic()
        while not self._stopping.wait(_TICK):
            if self._is_homeless():
                self._abandon()
                return
            self._prune()
            self._collect()
            self._turn()
            if (
                self._wants
                or self._busy
                or any(k.keeps_something() for k in self._keepers.values())
            ):
                useful = time.monotonic()
            elif idle_seconds is not None and time.monotonic() - useful > idle_seconds:
                LOG.info("nothing to keep for %g s; the deployer ends", idle_seconds)
                return

    def stop(self) -> None:
        """Have :meth:`run` end; services go on. What is being deployed is given up."""
        self._stopping.set()

    def close(self) -> None:
        """Let go of lock, lease and services; the services go on."""
        self._stopping.set()
        self._finish()
        self._workers.shutdown()
        for keeper in self._keepers.values():
            keeper.leave()
        if self._renewing is not None:
            self._renewing.join()
            self._renewing = None
        if self._lock is not None:
            with contextlib.suppress(RegistryError):  # away: the lease ends by itself
                self._registry.release(LEASE, self._holder)
            self._lock.close()
            self._lock = None

    def ended(self) -> None:
        """Tell who started this process that it runs no more."""
        self._place.starting.unlink(missing_ok=True)

    # -- one turn of the loop

    def _turn(self) -> None:
        try:
            changed = self._changes.pending()
            if changed:
                self._look()
        except RegistryError as problem:
            LOG.warning("the registry cannot be asked: %s", problem)
            self._stopping.wait(_PAUSE)
            return
        endpoints = self._endpoints(again=changed)
        if changed:
            self._due.update(endpoints)
        for endpoint in endpoints:
            task = self._busy.get(endpoint)
            if task is not None and not task.done():
                continue
            self._busy.pop(endpoint, None)
            if time.monotonic() < self._pause.get(endpoint, 0.0):
                continue
            if endpoint in self._due or self._keeper(endpoint).needs_care():
                self._pause.pop(endpoint, None)
                self._due.discard(endpoint)
                self._start(endpoint)

    def _prune(self) -> None:
        """Once an hour, beside everything else: have what is old removed."""
        if time.monotonic() < self._prune_next or (self._pruning and not self._pruning.done()):
            return
        self._prune_next = time.monotonic() + _PRUNE_SECONDS
        self._pruning = self._workers.submit(self._prune_now)

    def _prune_now(self) -> None:
        try:
            for one in prune(self._place):
                LOG.info("%s removed: %s (%s)", one.kind, one.path.name, one.because)
        except OSError as problem:
            LOG.warning("what is old could not be removed: %s; tried again in an hour", problem)

    def _collect(self) -> None:
        """Every few seconds, beside everything else: fetch what services counted."""
        if time.monotonic() < self._collect_next or (
            self._collecting and not self._collecting.done()
        ):
            return
        self._collect_next = time.monotonic() + COLLECT_SECONDS
        self._collecting = self._workers.submit(self._collect_now)

    def _collect_now(self) -> None:
        try:
            send_exposures(self._registry, self._place.exposures)
            over = self._collector.collect()
            self._monitor.look(over, {name: rule for name, (_, rule) in self._wants.items()})
        except (RegistryError, OSError) as problem:
            LOG.warning("what services counted was not sent: %s; tried again soon", problem)
        except Exception:
            LOG.exception("what services counted was not looked at; tried again soon")

    def _is_homeless(self) -> bool:
        """Whether somebody deleted the folder: another deployer may be at home there by now."""
        assert self._lock is not None
        mine = os.fstat(self._lock.fileno())
        try:
            now = self._place.lock.stat()
        except FileNotFoundError:
            return True
        return (now.st_dev, now.st_ino) != (mine.st_dev, mine.st_ino)

    def _abandon(self) -> None:
        LOG.error("%s was deleted; the deployer and its services end", self._place.folder)
        self._stopping.set()
        self._finish()
        for keeper in self._keepers.values():
            keeper.abandon()

    def _look(self) -> None:
        rules = {rule.endpoint: rule for rule in self._registry.rules()}
        self._wants = {
            want.endpoint: (want, rules[want.endpoint])
            for want in self._registry.wants()
            if want.target == "local" and want.endpoint in rules
        }

    def _endpoints(self, *, again: bool = True) -> list[str]:
        kept = self._place.endpoint_names() if again else ()
        return sorted({*self._wants, *self._keepers, *kept})

    def _keeper(self, endpoint: str) -> Keeper:
        if endpoint not in self._keepers:
            self._keepers[endpoint] = Keeper(
                endpoint, self._registry, self._place, self._is_superseded
            )
        return self._keepers[endpoint]

    def _start(self, endpoint: str) -> None:
        if endpoint not in self._busy:
            self._busy[endpoint] = self._workers.submit(self._reconcile, endpoint)

    def _finish(self) -> None:
        for task in list(self._busy.values()):
            task.result()
        self._busy.clear()

    def _reconcile(self, endpoint: str) -> None:
        want, rule = self._wants.get(endpoint, (None, None))
        try:
            self._keeper(endpoint).reconcile(want, rule)
        except RuleError as problem:  # written by a newer or older version of this package
            self._say_failure(endpoint, problem.message)
        except Exception:
            LOG.exception("%s: something is wrong; tried again in %g s", endpoint, _PAUSE)
            self._pause[endpoint] = time.monotonic() + _PAUSE
            self._due.add(endpoint)

    def _say_failure(self, endpoint: str, message: str) -> None:
        LOG.warning("%s: %s", endpoint, message)
        with contextlib.suppress(RegistryError):  # said in the log at least
            self._registry.set_endpoint(endpoint, failure=message)

    def _is_superseded(self, want: Want, options: Options) -> bool:
        if self._stopping.is_set():
            return True
        try:
            now, rule = self._wants[want.endpoint]
            return now.envelope != want.envelope or Options.parse(rule.options) != options
        except (KeyError, RuleError):
            return True

    # -- one at a time

    def _take_lease(self) -> None:
        if self._registry.lease(LEASE, self._holder, LEASE_SECONDS):
            return
        holder = self._registry.lease_holder(LEASE)
        if holder is not None and holder.startswith(self._mine):
            # It had this folder's file lock, which we have now: it is dead.
            self._registry.release(LEASE, holder)
            if self._registry.lease(LEASE, self._holder, LEASE_SECONDS):
                return
        where = (holder or "another machine").partition(":")[0]
        raise DeploymentError(
            f"A deployer on {where} has the endpoints of {self._registry.location}. It gives them "
            f"up when it is stopped, or {LEASE_SECONDS:g} s after it was killed."
        )

    def _renew(self) -> None:
        while not self._stopping.wait(LEASE_SECONDS / 3):
            try:
                if not self._registry.lease(LEASE, self._holder, LEASE_SECONDS):
                    LOG.error("another deployer took over; this one ends")
                    self._stopping.set()
            except RegistryError as problem:
                LOG.warning("the lease was not renewed: %s", problem)


# -- the file lock, which ends with its process however that ends


def lock_file(path: Path) -> TextIO | None:
    """Take a file's lock; None where another process has it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = path.open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def _lock_patiently(path: Path) -> TextIO | None:
    for _ in range(8):  # who only looks whether a deployer runs has the lock for a moment
        if (file := lock_file(path)) is not None:
            return file
        time.sleep(0.03)
    return None


def _write_lock(file: TextIO, location: str) -> None:
    file.seek(0)
    file.truncate()
    json.dump({"pid": os.getpid(), "registry": location, "since": time.time()}, file)
    file.flush()


def running_deployer(path: Path) -> dict[str, object] | None:
    """Tell which deployer holds a lock: ``pid``, ``registry``, ``since``.

    None where none does; nothing in it where one is just starting.
    """
    if not path.exists():
        return None
    lock = lock_file(path)
    if lock is not None:
        lock.close()
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _which(found: dict[str, object] | None) -> str:
    return f" (process {found['pid']})" if found and "pid" in found else ""
