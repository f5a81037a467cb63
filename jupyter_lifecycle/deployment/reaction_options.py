"""What a rule may say under ``on_skew``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import InvalidValueError, QueryError, RuleError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

_KEYS = ("when", "tag", "untag", "rollback", "train")
_TRAIN = ("notebook", "parameters")


def check_reactions(name: str, value: Any) -> None:
    """Check ``on_skew``.

    Raises
    ------
    RuleError
        Where a wish has a key that none has, no query, or nothing to do.
    """
    if not isinstance(value, list):
        raise RuleError(f"{name} is a list; each has when and what is done then.", option=name)
    for place, wish in enumerate(value):
        where = f"{name}[{place}]"
        if not isinstance(wish, dict):
            raise RuleError(f"{where} has when and what is done then, not {wish!r}.", option=name)
        _check_keys(where, wish, _KEYS)
        if not any(wish.get(key) for key in _KEYS[1:]):
            raise RuleError(f"{where} does nothing; there are {', '.join(_KEYS[1:])}.", option=name)
        _check_when(where, wish.get("when", "skew.moved"))
        _check_tags(where, wish)
        if not isinstance(wish.get("rollback", False), bool):
            raise RuleError(f"{where}.rollback is true or false.", option=name)
        if "train" in wish:
            _check_train(f"{where}.train", wish["train"])


def _check_keys(where: str, given: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in given:
        if key not in known:
            near = did_you_mean(str(key), known)
            raise RuleError(
                f"{where} has {key}, which none has.{near} There are: {', '.join(known)}.",
                option=where,
            )


def _check_when(where: str, when: Any) -> None:
    from jupyter_lifecycle.registry.query import parse_condition

    if not isinstance(when, str):
        raise RuleError(f"{where}.when is a query, not {when!r}.", option=where)
    try:
        parse_condition(when)
    except QueryError as problem:
        raise RuleError(f"{where}.when: {problem.message}", option=where) from problem


def _check_tags(where: str, wish: Mapping[str, Any]) -> None:
    from jupyter_lifecycle.registry.words import check_keys, check_tags

    if not isinstance(wish.get("tag", {}), dict):
        raise RuleError(f"{where}.tag is a mapping of keys to text.", option=where)
    try:
        check_tags(wish.get("tag", {}))
        check_keys(wish.get("untag", ()))
    except (InvalidValueError, TypeError) as problem:
        raise RuleError(f"{where}: {problem}", option=where) from problem


def _check_train(where: str, train: Any) -> None:
    if not isinstance(train, dict) or not isinstance(train.get("notebook"), str):
        raise RuleError(f"{where} has a notebook: the path of an .ipynb or a .py.", option=where)
    _check_keys(where, train, _TRAIN)
    path = Path(train["notebook"])
    if path.suffix not in (".ipynb", ".py") or not path.is_absolute():
        raise RuleError(
            f"{where}.notebook is the whole path of an .ipynb or a .py, not {train['notebook']!r}.",
            option=where,
        )
    parameters = train.get("parameters", {})
    try:
        json.dumps(parameters, allow_nan=False)
    except (TypeError, ValueError) as problem:
        raise RuleError(f"{where}.parameters is no JSON: {problem}.", option=where) from problem
    if not isinstance(parameters, dict):
        raise RuleError(f"{where}.parameters is a mapping of names to values.", option=where)


def with_whole_paths(options: Mapping[str, Any]) -> dict[str, Any]:
    """Give options whose notebooks are found from anywhere: a rule is followed elsewhere."""
    found = dict(options)
    wishes = found.get("on_skew")
    if not isinstance(wishes, list):
        return found
    found["on_skew"] = [_with_whole_path(wish) for wish in wishes]
    return found


def _with_whole_path(wish: Any) -> Any:
    train = wish.get("train") if isinstance(wish, dict) else None
    if isinstance(train, dict) and isinstance(train.get("notebook"), str | Path):
        path = str(Path(train["notebook"]).expanduser().absolute())
        return {**wish, "train": {**train, "notebook": path}}
    return wish
