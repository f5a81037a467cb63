"""The experiments of one endpoint as its service runs them: who is in, which arm, forced arms."""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from jupyter_lifecycle.deployment.service.attributes import attributes_of, of_header
from jupyter_lifecycle.deployment.service.remembering import Remembered
from jupyter_lifecycle.deployment.service.targeting import compile_tree
from jupyter_lifecycle.errors import AssignmentError, InputError
from jupyter_lifecycle.experiments.deciding import Decider, Decision
from jupyter_lifecycle.experiments.layers import Experiment, Holdout, Layer

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

FORCED = b"x-forced-arm"
_UNDECIDED: Any = Decision("", "", "", None, {}, "")
_PLAIN = {str, int, type(None)}
_LONGEST = 1000


class Trials:
    """Decides for requests.

    Parameters
    ----------
    told : mapping
        ``layers``, ``experiments`` and ``holdouts`` in their JSON forms; ``conditions``: the tree
        of each targeting by its text; ``keys``: what signs forced arms, by experiment.
    there : container of str
        Envelopes that answer here. An experiment waits until all of its arms are.
    """

    def __init__(self, told: Mapping[str, Any], there: Container[str]) -> None:
        conditions = {text: compile_tree(tree) for text, tree in told.get("conditions", {}).items()}
        every = [Experiment.from_json(one) for one in told.get("experiments", ())]
        self.running = tuple(one for one in every if all(arm.envelope in there for arm in one.arms))
        self._needs = _names_in(told)
        self._names = tuple(sorted(self._needs))
        self._by_header: Remembered[Decision | None] = Remembered()
        self._by_values: Remembered[Decision | None] = Remembered()
        self.words = {
            (one.name, arm.name): f"{quote(one.name)}={quote(arm.name)}".encode()
            for one in self.running
            for arm in one.arms
        }
        """How a decision is named in a header, by experiment and arm."""
        self._keys = {one.name: str(told["keys"][one.name]) for one in self.running}
        self._decider = Decider(
            [Layer.from_json(one) for one in told.get("layers", ())],
            self.running,
            holdouts=[Holdout.from_json(one) for one in told.get("holdouts", ())],
            compile_condition=conditions.__getitem__,
        )

    def choose_for(
        self, payload: Any, header: bytes | None, forced: bytes | None
    ) -> Decision | None:
        """Give the arm that a request gets; None where it is in no experiment.

        Parameters
        ----------
        payload
            The decoded request.
        header, forced : bytes or None
            ``X-Attributes`` and ``X-Forced-Arm``.

        Raises
        ------
        InputError
            A header that cannot be read; a forced arm that nobody signed, whose time is over, or
            that is not there.
        """
        if forced is not None:
            return self._forced(forced)
        if header is None:
            return self.choose(attributes_of(payload, None), None)
        decided = self._by_header.get(header, _UNDECIDED)
        if decided is not _UNDECIDED:
            return decided
        said = of_header(header)
        if not self._needs <= said.keys():
            return self.choose({**attributes_of(payload, None), **said}, None)
        decision = self.choose(said, None)
        self._by_header.put(header, decision)
        return decision

    def choose(self, attributes: Mapping[str, Any], forced: bytes | None) -> Decision | None:
        """Give the arm of somebody with these attributes, or the one that is forced.

        Raises
        ------
        InputError
            A forced arm that nobody signed, whose time is over, or that is not there.
        """
        if forced is not None:
            return self._forced(forced)
        key = tuple(attributes.get(name) for name in self._names)
        plain = all(type(value) in _PLAIN for value in key)  # 1, 1.0 and True are one key
        decided = self._by_values.get(key, _UNDECIDED) if plain else _UNDECIDED
        if decided is not _UNDECIDED:
            return decided
        try:
            found = self._decider.decide(attributes)
        except AssignmentError:  # a unit that languages write differently is nobody's
            found = []
        decision = found[0] if found else None
        if plain:
            self._by_values.put(key, decision)
        return decision

    def _forced(self, header: bytes) -> Decision:
        said, _, signature = header.decode("latin-1")[:_LONGEST].rpartition(";")
        arms, _, until = said.rpartition(";")
        name, arm = map(unquote, arms.partition("=")[::2])
        key = self._keys.get(name)
        if key is None or not hmac.compare_digest(signature, sign(key, said)):
            raise _refused("is not signed for an experiment that runs here")
        if not until.isdigit() or int(until) < time.time():
            raise _refused("is over: ask for a new one")
        experiment = next(one for one in self.running if one.name == name)
        if arm not in {one.name for one in experiment.arms}:
            raise _refused("names no arm of its experiment")
        chosen = experiment.arm(arm)
        values = chosen.envelope, chosen.values
        return Decision(experiment.layer, name, arm, *values, unit="", forced=True)


def _names_in(told: Mapping[str, Any]) -> frozenset[str]:
    """Give the attributes that decisions depend on."""
    found = {one["unit"] for part in ("layers", "holdouts") for one in told.get(part, ())}
    pending = list(told.get("conditions", {}).values())
    while pending:
        word, *rest = pending.pop()
        if word in {"and", "or", "not"}:
            pending += rest
        else:
            found.add(rest[0])
    return frozenset(found)


def sign(key: str, said: str) -> str:
    """Sign what a header says: ``experiment=arm;until``, Unix seconds.

    Returns
    -------
    str
        HMAC-SHA256 in hex.
    """
    return hmac.new(key.encode(), said.encode("latin-1"), hashlib.sha256).hexdigest()


def _refused(why: str) -> InputError:
    reason = f"the header X-Forced-Arm {why}"
    return InputError(
        f"The request cannot be answered: {reason}.", problems=[{"path": "", "reason": reason}]
    )
