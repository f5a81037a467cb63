"""Rules in files: read, compared with what the registry has, and written all or none.

::

    rules:
      - endpoint: departure-delay
        when: name = 'departure-delay' and tags.approved = 'yes'
        options:
          capture: 0.1
          secrets: {API_KEY: "env:PROD_API_KEY"}
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from jupyter_lifecycle.deployment.options import Options
from jupyter_lifecycle.deployment.rules import TARGETS
from jupyter_lifecycle.errors import RuleError, did_you_mean
from jupyter_lifecycle.registry.records import Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from jupyter_lifecycle.registry import Registry
    from jupyter_lifecycle.registry.records import EndpointChange

_SAID = ("endpoint", "when", "order_by", "target", "on_none", "options")
_WORDS = {"order_by", "when", "target", "on_none"}


@dataclass(frozen=True, slots=True)
class RuleChange:
    """What writing a file does to one rule."""

    kind: Literal["new", "changed", "same", "removed"]
    endpoint: str
    rule: Rule
    differences: tuple[str, ...] = ()
    """A line each, such as ``when: tags.a -> tags.b``."""
    moves: tuple[EndpointChange, ...] = ()
    """What would serve from then on, where that changes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a file changes; nothing is written before :meth:`apply`."""

    changes: tuple[RuleChange, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the registry is as the file says."""
        return all(change.kind == "same" for change in self.changes)

    def apply(self, registry: Registry) -> None:
        """Write what differs, and remove what was to be removed.

        Raises
        ------
        RegistryError
            Where the registry refuses; what was written before stays, and doing it again goes on.
        """
        for change in self.changes:
            if change.kind == "removed":
                registry.remove_rule(change.endpoint)
            elif change.kind != "same":
                registry.set_rule(change.rule)

    def __str__(self) -> str:
        """Say it in lines, one or more a rule that changes."""
        marks = {"new": "+", "changed": "~", "removed": "-"}
        lines = []
        for change in self.changes:
            if change.kind == "same":
                continue
            lines.append(f"{marks[change.kind]} {change.endpoint}")
            lines += [f"    {line}" for line in change.differences]
            lines += [f"    {move}" for move in change.moves]
        return "\n".join(lines) or "Nothing changes."


def read_rules(path: Path) -> tuple[Rule, ...]:
    """Read the rules of a YAML or JSON file.

    Parameters
    ----------
    path : pathlib.Path
        ``rules:`` is a list; each has ``endpoint`` and ``when``, and may have ``order_by``,
        ``target``, ``on_none`` and ``options``.

    Raises
    ------
    RuleError
        Where it cannot be read, with the line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise RuleError(f"{path} cannot be read: {problem}.") from problem
    listed = _Reader(str(path)).rules(text)
    seen: dict[str, int] = {}
    for line, rule in listed:
        if rule.endpoint in seen:
            raise RuleError(
                f"{path}, line {line}: {rule.endpoint} has a rule on line {seen[rule.endpoint]} "
                "already; an endpoint has one.",
                line=line,
            )
        seen[rule.endpoint] = line
    return tuple(rule for _, rule in listed)


def plan(registry: Registry, rules: Iterable[Rule], *, prune: bool = False) -> Plan:
    """Compare rules with those of a registry.

    Parameters
    ----------
    registry : Registry
        Has the rules as they are.
    rules : iterable of Rule
        As they should be.
    prune : bool
        Whether rules of the registry that are not among them are to be removed.

    Raises
    ------
    QueryError, InvalidValueError
        Where one cannot be; nothing was written.
    """
    before = {rule.endpoint: rule for rule in registry.rules()}
    changes = []
    for rule in rules:
        now = before.pop(rule.endpoint, None)
        differences = _differences(now, rule)
        kind: Literal["new", "changed", "same"] = (
            "new" if now is None else "changed" if differences else "same"
        )
        moves = registry.preview_rule(rule).changes
        changes.append(RuleChange(kind, rule.endpoint, rule, differences, moves))
    if prune:
        changes += [RuleChange("removed", name, rule) for name, rule in before.items()]
    return Plan(tuple(changes))


def _differences(before: Rule | None, after: Rule) -> tuple[str, ...]:
    if before is None:
        return (f"when: {after.when}",)
    lines = [
        f"{name}: {getattr(before, name)} -> {getattr(after, name)}"
        for name in _SAID[1:-1]
        if getattr(before, name) != getattr(after, name)
    ]
    old, new = dict(before.options), dict(after.options)
    lines += [
        f"options.{name}: {_shown(old, name)} -> {_shown(new, name)}"
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    ]
    return tuple(lines)


def _shown(options: Mapping[str, Any], name: str) -> str:
    return json.dumps(options[name], ensure_ascii=False) if name in options else "(default)"


class _Reader:
    """Turns the nodes of a YAML text into rules, and knows the line of everything it refuses."""

    def __init__(self, path: str) -> None:
        self._path = path

    def rules(self, text: str) -> list[tuple[int, Rule]]:
        import yaml

        class Loader(yaml.SafeLoader):  # type: ignore[misc]  # it has no types
            """Refuses a key that stands twice, where YAML's own takes the last one."""

            def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
                keys = [self.construct_object(key, deep=True) for key, _ in node.value]
                for place, key in enumerate(keys):
                    if key in keys[:place]:
                        raise yaml.constructor.ConstructorError(
                            None, None, f"{key} stands twice", node.value[place][0].start_mark
                        )
                made: dict[Any, Any] = super().construct_mapping(node, deep)
                return made

        loader = None
        try:
            loader = Loader(text)
            root = loader.get_single_node()
            found = None if root is None else loader.construct_document(root)
        except yaml.MarkedYAMLError as problem:
            mark = problem.problem_mark
            line = mark.line + 1 if mark is not None else 1
            raise self._refuse(line, f"this is no YAML: {problem.problem}") from problem
        except (yaml.YAMLError, TypeError) as problem:
            raise self._refuse(1, f"this is no YAML: {problem}") from problem
        finally:
            if loader is not None:
                loader.dispose()
        if not isinstance(found, dict) or list(found) != ["rules"]:
            raise self._refuse(1, "the file is to have one word, rules, and a list under it")
        if not isinstance(found["rules"], list):
            raise self._refuse(1, "rules is to be a list; begin each with '- endpoint:'")
        nodes = root.value[0][1].value
        lines = [node.start_mark.line + 1 for node in nodes]
        return [
            (line, self._rule(line, one)) for line, one in zip(lines, found["rules"], strict=True)
        ]

    def _rule(self, line: int, found: Any) -> Rule:
        if not isinstance(found, dict):
            raise self._refuse(line, "a rule has endpoint: and when:")
        for name in found:
            if name not in _SAID:
                near = did_you_mean(str(name), _SAID)
                raise self._refuse(
                    line, f"a rule has no {name}.{near} There are: {', '.join(_SAID)}"
                )
        for name in ("endpoint", "when"):
            if not isinstance(found.get(name), str):
                raise self._refuse(line, f"the rule has no {name}, which is text")
        for name in _WORDS & set(found):
            if not isinstance(found[name], str):
                raise self._refuse(line, f"{name} is text, not {found[name]!r}; put it in quotes")
        target = found.get("target", "local")
        if target not in TARGETS:
            raise self._refuse(line, f"there is no target {target}; there is: {', '.join(TARGETS)}")
        if found.get("on_none", "keep") not in {"keep", "retire"}:
            raise self._refuse(line, f"on_none is keep or retire, not {found['on_none']}")
        options = found.get("options") or {}
        if not isinstance(options, dict):
            raise self._refuse(line, "options is a mapping")
        try:
            Options.parse(options)
        except RuleError as problem:
            raise self._refuse(line, problem.message.removesuffix(".")) from problem
        return Rule(**{**found, "options": options})

    def _refuse(self, line: int, what: str) -> RuleError:
        return RuleError(f"{self._path}, line {line}: {what}.", line=line)
