"""What a rule may say beyond which envelope serves: how the service runs, and how it changes."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.deployment.reaction_options import check_reactions
from jupyter_lifecycle.errors import QueryError, RuleError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MIB = 1024 * 1024
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_REFERENCE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*")
_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,99}")
_ID = re.compile(r"[0-9a-f]{4,40}")
_AGAINST = ("training", "previous", "last week")
_SMOKE = ("input", "output", "tolerance", "seconds")


@dataclass(frozen=True, slots=True)
class Options:
    """How the service of an endpoint runs on the ``local`` target, and how it changes.

    Parameters
    ----------
    environment : {"auto", "build"}
        ``auto`` serves from the deployer's own interpreter where that satisfies the envelope's
        lock to the version, and builds an environment where it does not; ``build`` always builds.
    host : str
        Address that the service listens on.
    port : int
        Port; 0 takes a free one at the first deployment and keeps it.
    threads : int
        How many predictions run at once.
    max_bytes : int
        Largest request body, bytes.
    capture : float
        Share of the answered requests that are captured, 0 to 1.
    capture_bytes : int
        Most bytes that captured requests of one envelope take on disk.
    window_seconds : int
        How long a window is in which inputs and answers are counted; 0 counts nothing.
    window_unit : str
        Input that says what a row is about, such as a customer: each is counted once a window,
        since rows of one unit are not independent; empty counts rows.
    skew_seconds : int
        How far back a deployer looks for skew after each window.
    skew_against : {"training", "previous", "last week"} or str
        What it is held against; an envelope's id, too.
    skew_bits : float
        Bits from which on a column is called moved.
    on_skew : list
        What is done where what serves has moved, once for each envelope: ``{"when": "skew.max >
        0.2", "tag": {…}, "untag": […], "rollback": True, "train": {"notebook": …}}``.
    hold_on : str
        Query; while it holds for what serves, nothing else is deployed.
    start_seconds : float
        How long a new service may take to be ready.
    env : Mapping[str, str]
        Environment variables of the service.
    secrets : Mapping[str, str]
        Environment variables whose values stand in the deployer's own environment:
        ``{"API_KEY": "env:PROD_API_KEY"}``. They are looked up when a service starts.
    smoke : list
        Requests that a new version must answer before it serves: ``{"input": …}``, with
        ``output`` and ``tolerance`` where the answer is known, ``seconds`` where it must be quick.
    min_change_seconds : float
        At least so long between two changes of what serves.
    approval : str
        Key of a tag without which an envelope is not deployed; empty asks for none.
    rollback_errors : float
        Share of failing requests above which a new version is rolled back; 1 never does.
    rollback_requests : int
        So many requests must have been answered to tell.
    rollback_seconds : float
        How long after the switch a version is watched.
    rollback_latency : float
        A canary whose 95th percentile of seconds is so many times that of the version before is
        rolled back; 0 never does.
    canary : float
        Share of the requests that a new version answers first, beside the one before; 0 switches
        at once.
    canary_seconds : float
        At least so long, before it is promoted.
    canary_requests : int
        At least so many requests it must have answered by then.
    split : list
        Shares of other envelopes beside the rule's own: ``{"when": query or id, "share": 0.1}``.
    split_unit : str
        Attribute of a request whose value always goes to the same envelope, for ``split`` and
        ``canary``; empty draws for each request.
    shadow : str
        Query or id of an envelope that requests are copied to; nobody gets its answers.
    shadow_share : float
        Share of the requests that are copied.
    """

    environment: str = "auto"
    host: str = "127.0.0.1"
    port: int = 0
    threads: int = 4
    max_bytes: int = 16 * _MIB
    capture: float = 1.0
    capture_bytes: int = 32 * _MIB
    window_seconds: int = 3600
    window_unit: str = ""
    # What only monitors changes nothing that runs, so it is no reason to deploy anew.
    skew_seconds: int = field(default=86_400, compare=False)
    skew_against: str = field(default="training", compare=False)
    skew_bits: float = field(default=0.1, compare=False)
    on_skew: list[dict[str, Any]] = field(default_factory=list, compare=False)
    hold_on: str = field(default="", compare=False)
    start_seconds: float = 120.0
    env: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    smoke: list[dict[str, Any]] = field(default_factory=list)
    min_change_seconds: float = 0.0
    approval: str = ""
    rollback_errors: float = 0.5
    rollback_requests: int = 20
    rollback_seconds: float = 600.0
    rollback_latency: float = 0.0
    canary: float = 0.0
    canary_seconds: float = 300.0
    canary_requests: int = 100
    split: list[dict[str, Any]] = field(default_factory=list)
    split_unit: str = ""
    shadow: str = ""
    shadow_share: float = 1.0

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> Options:
        """Read the options of a rule.

        Raises
        ------
        RuleError
            For an option that does not exist or a value that it cannot have.
        """
        known = {field.name: field for field in fields(cls)}
        for name, value in given.items():
            if name not in known:
                near = did_you_mean(name, known)
                raise RuleError(
                    f"A rule has no option {name}.{near} There are: {', '.join(known)}.",
                    option=name,
                )
            _CHECKS.get(name, _check_number)(name, value)
        both = sorted(set(given.get("env", ())) & set(given.get("secrets", ())))
        if both:
            raise RuleError(f"{both[0]} stands in env and in secrets; leave one.", option="env")
        shares = sum(float(one["share"]) for one in given.get("split", ()))
        if shares + float(given.get("canary", 0.0)) > 1.0:
            raise RuleError(
                f"split and canary give {shares + float(given.get('canary', 0.0)):g} of the "
                "requests away; together they may give 1 at most.",
                option="split",
            )
        return cls(**given)

    def to_json(self) -> dict[str, Any]:
        """Give all options as JSON."""
        return asdict(self)


_RANGES: dict[str, tuple[float, float]] = {
    "port": (0, 65_535),
    "threads": (1, 256),
    "max_bytes": (1, 1024 * _MIB),
    "capture": (0.0, 1.0),
    "capture_bytes": (0, 1024 * 1024 * _MIB),
    "skew_seconds": (1, 90 * 86_400),
    "skew_bits": (0.0, 1.0),
    "window_seconds": (0, 7 * 86_400),
    "start_seconds": (1.0, 3600.0),
    "rollback_errors": (0.0, 1.0),
    "rollback_requests": (1, 1_000_000),
    "rollback_seconds": (0.0, 7 * 86_400.0),
    "rollback_latency": (0.0, 1000.0),
    "canary": (0.0, 1.0),
    "canary_seconds": (0.0, 30 * 86_400.0),
    "canary_requests": (0, 1_000_000_000),
    "shadow_share": (0.0, 1.0),
    "min_change_seconds": (0.0, 30 * 86_400.0),
}
_WHOLE = {"rollback_requests", "canary_requests", "window_seconds", "port", "threads"}
_WHOLE |= {"max_bytes", "capture_bytes", "skew_seconds"}


def _check_number(name: str, value: Any) -> None:
    low, high = _RANGES[name]
    whole = name in _WHOLE
    kinds = int if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
        raise RuleError(
            f"{name} is a {'whole ' if whole else ''}number from {low:.10g} to {high:.10g}, "
            f"not {value!r}.",
            option=name,
        )


def _check_environment(name: str, value: Any) -> None:
    if value not in ("auto", "build"):
        raise RuleError(f"environment is 'auto' or 'build', not {value!r}.", option=name)


def _check_host(name: str, value: Any) -> None:
    if not isinstance(value, str) or not value:
        raise RuleError(f"host is an address such as '127.0.0.1', not {value!r}.", option=name)


def _check_variables(name: str, value: Any) -> None:
    if not isinstance(value, dict):
        raise RuleError(f"{name} is a mapping of variables' names to text.", option=name)
    for variable, text in value.items():
        if not isinstance(variable, str) or not _VARIABLE.fullmatch(variable):
            raise RuleError(
                f"{name} has {variable!r}, which is no name of an environment variable: letters, "
                "digits and _, and no digit first.",
                option=name,
            )
        if not isinstance(text, str) or "\0" in text:
            raise RuleError(
                f"{name}.{variable} is not text; in YAML, put it in quotes.", option=name
            )


def _check_secrets(name: str, value: Any) -> None:
    _check_variables(name, value)
    for variable, reference in value.items():
        if not _REFERENCE.fullmatch(reference):  # not shown: it may be the secret itself
            raise RuleError(
                f"{name}.{variable} is not a reference such as 'env:PROD_API_KEY': everybody who "
                "reads the rule could see the value. Put it into the deployer's environment.",
                option=name,
            )


def _check_smoke(name: str, value: Any) -> None:
    if not isinstance(value, list):
        raise RuleError("smoke is a list of checks, each with its input.", option=name)
    for place, check in enumerate(value):
        where = f"smoke[{place}]"
        if not isinstance(check, dict) or "input" not in check:
            raise RuleError(f"{where} has no input to ask with.", option=name)
        for key in check:
            if key not in _SMOKE:
                near = did_you_mean(str(key), _SMOKE)
                raise RuleError(
                    f"{where} has {key}, which no check has.{near} There are: {', '.join(_SMOKE)}.",
                    option=name,
                )
        for key in ("tolerance", "seconds"):
            number = check.get(key, 0)
            if isinstance(number, bool) or not isinstance(number, int | float) or number < 0:
                raise RuleError(f"{where}.{key} is a number from 0, not {number!r}.", option=name)
        try:
            json.dumps(check, allow_nan=False)
        except (TypeError, ValueError) as problem:
            raise RuleError(f"{where} is no JSON: {problem}.", option=name) from problem


def _check_split(name: str, value: Any) -> None:
    if not isinstance(value, list):
        raise RuleError("split is a list; each has when and share.", option=name)
    for place, one in enumerate(value):
        if not isinstance(one, dict) or set(one) != {"when", "share"}:
            raise RuleError(
                f"split[{place}] has when, a query or an id, and share, and nothing else.",
                option=name,
            )
        share = one["share"]
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
            raise RuleError(
                f"split[{place}].share is over 0 and at most 1, not {share!r}.", option=name
            )
        _check_query(f"split[{place}].when", one["when"])


def _check_query(name: str, value: Any) -> None:
    if not isinstance(value, str):
        raise RuleError(f"{name} is a query or an id, not {value!r}.", option=name)
    if not value or _ID.fullmatch(value):
        return
    from jupyter_lifecycle.registry.query import parse

    try:
        parse(value)
    except QueryError as problem:
        raise RuleError(f"{name}: {problem.message}", option=name) from problem


def _check_against(name: str, value: Any) -> None:
    if not isinstance(value, str) or not (value in _AGAINST or _ID.fullmatch(value)):
        raise RuleError(
            f"{name} is {', '.join(map(repr, _AGAINST))} or the id of an envelope, not {value!r}.",
            option=name,
        )


def _check_attribute(name: str, value: Any) -> None:
    if not isinstance(value, str):
        raise RuleError(
            f"{name} is the name of an attribute, such as 'customer_id', not {value!r}.",
            option=name,
        )


def _check_approval(name: str, value: Any) -> None:
    if not isinstance(value, str) or (value and not _TAG.fullmatch(value)):
        raise RuleError(
            f"approval is the key of a tag, such as 'approved-for-production', not {value!r}.",
            option=name,
        )


_CHECKS: dict[str, Callable[[str, Any], None]] = {
    "environment": _check_environment,
    "host": _check_host,
    "env": _check_variables,
    "secrets": _check_secrets,
    "smoke": _check_smoke,
    "approval": _check_approval,
    "split": _check_split,
    "skew_against": _check_against,
    "on_skew": check_reactions,
    "hold_on": _check_query,
    "split_unit": _check_attribute,
    "window_unit": _check_attribute,
    "shadow": _check_query,
}
