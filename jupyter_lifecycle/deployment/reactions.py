"""What a rule has done because something moved: tags, a roll back, a training job.

A reaction is begun in the registry, once for each envelope, then carried out, then ended there. A
deployer that was killed in between carries on: each part may be done again without harm.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.deployment import training
from jupyter_lifecycle.errors import LifecycleError, RegistryUnavailableError, TrainingError
from jupyter_lifecycle.registry.observations import Reaction

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from jupyter_lifecycle.registry import Registry

LOG = logging.getLogger("jupyter_lifecycle.deployer")
_STARTING_SECONDS = 60.0
_TRIES = 3


class Reactor:
    """Carries out what rules say under ``on_skew``.

    Parameters
    ----------
    registry : Registry
        Says how skew stands, and remembers what was done.
    folder : pathlib.Path
        Has a folder for each training job.
    """

    def __init__(self, registry: Registry, folder: Path) -> None:
        self._registry = registry
        self._folder = folder
        self._processes: dict[Path, subprocess.Popen[bytes]] = {}

    def look(self, endpoint: str, wishes: Sequence[Mapping[str, Any]]) -> bool:
        """Begin what is due for what serves, and carry on with what was begun.

        Parameters
        ----------
        endpoint : str
            Its name.
        wishes : sequence of Mapping
            ``on_skew`` of its rule.

        Returns
        -------
        bool
            Whether something of it still runs.
        """
        known = {digest_of(wish): wish for wish in wishes}
        serving = self._registry.endpoint(endpoint).serving
        if serving is not None:
            for digest, wish in known.items():
                self._begin(endpoint, serving, digest, wish)
        runs = False
        for one in self._registry.reactions(endpoint):
            if one.state == "running":
                runs |= self._carry_on(one, known.get(one.action))
        return runs

    def _begin(self, endpoint: str, envelope: str, digest: str, wish: Mapping[str, Any]) -> None:
        when = wish.get("when", "skew.moved")
        if not self._registry.count(f"id = '{envelope}' and ({when})"):
            return
        begun = Reaction(endpoint, envelope, digest, "running", f"{when} became true")
        if self._registry.react(begun):
            LOG.info("%s: %s holds for %s: %s", endpoint, when, envelope[:10], words_of(wish))

    def _carry_on(self, one: Reaction, wish: Mapping[str, Any] | None) -> bool:
        """Do the next part of a reaction; True where it still runs."""
        if wish is None:
            self._end(one, "failed", "The rule does not say so any more.")
            return False
        try:
            facts = [*self._label(one, wish), *self._roll_back(one, wish)]
            if "train" in wish:
                done = self._train(one, wish["train"])
                if done is None:
                    return True
                facts.append(str(done))
        except RegistryUnavailableError:
            raise
        except (LifecycleError, OSError) as problem:
            self._end(one, "failed", str(problem))
            return False
        self._end(one, "done", "; ".join(facts))
        return False

    def _label(self, one: Reaction, wish: Mapping[str, Any]) -> list[str]:
        set_, unset = dict(wish.get("tag", {})), list(wish.get("untag", ()))
        if not set_ and not unset:
            return []
        self._registry.tag(one.envelope, set_, unset)
        return [f"tags of {one.envelope[:10]} set: {', '.join([*set_, *unset])}"]

    def _roll_back(self, one: Reaction, wish: Mapping[str, Any]) -> list[str]:
        if not wish.get("rollback"):
            return []
        record = self._registry.endpoint(one.endpoint)
        before = self._registry.served_before(one.endpoint)
        if record.pin is not None:
            return [f"already pinned to {record.pin.envelope[:10]}"]
        if record.serving != one.envelope:
            return ["it serves no more"]
        if before is None:
            return ["nothing served before, so it was not rolled back"]
        self._registry.pin(one.endpoint, before)
        return [f"rolled back: pinned to {before[:10]}"]

    def _train(self, one: Reaction, wish: Mapping[str, Any]) -> training.Training | None:
        """Have a training job run; None while it does."""
        folder = self._folder / one.endpoint / f"{one.envelope[:10]}-{one.action}"
        process = self._processes.get(folder)
        if process is not None and process.poll() is None:
            return None
        self._processes.pop(folder, None)
        if (folder / "result.json").exists():
            return training.result(folder)
        job = folder / "job.json"
        if not job.exists():
            self._registry.check_trust(one.envelope)
            training.prepare(
                folder, wish["notebook"], wish.get("parameters", {}), self._registry.location
            )
        elif process is None and (training.is_running(folder) or _is_young(job)):
            return None  # a deployer before this one started it
        tries = _count_try(folder)
        if tries > _TRIES:
            raise TrainingError(f"The job ended before it was done, {_TRIES} times: {folder}.")
        self._processes[folder] = training.start(folder)
        return None

    def _end(self, one: Reaction, state: str, fact: str) -> None:
        level = logging.WARNING if state == "failed" else logging.INFO
        LOG.log(level, "%s: %s for %s: %s", one.endpoint, state, one.envelope[:10], fact)
        self._registry.react(Reaction(one.endpoint, one.envelope, one.action, state, fact[:5000]))


def digest_of(wish: Mapping[str, Any]) -> str:
    """Name a wish, so that it is followed once for each envelope."""
    text = json.dumps(wish, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def words_of(wish: Mapping[str, Any]) -> str:
    """Say what a wish has done."""
    words = []
    if wish.get("tag") or wish.get("untag"):
        words.append("tags")
    if wish.get("rollback"):
        words.append("a roll back")
    if "train" in wish:
        words.append(f"training by {wish['train']['notebook']}")
    return ", ".join(words)


def _is_young(path: Path) -> bool:
    return time.time() - path.stat().st_mtime < _STARTING_SECONDS


def _count_try(folder: Path) -> int:
    tries = folder / "tries"
    number = int(tries.read_text()) + 1 if tries.exists() else 1
    tries.write_text(str(number))
    return number
