"""The feature graph: an immutable value; an edit gives a new graph and what it changed."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

from jupyter_lifecycle.errors import (
    DuplicateFeatureError,
    FeatureDefinitionError,
    UnboundError,
    did_you_mean,
)
from jupyter_lifecycle.graph.definition import MARK, FeatureReader
from jupyter_lifecycle.graph.edit import Delta, Structure, duplicate_line, edited, place, several
from jupyter_lifecycle.graph.modifiers.resolution import resolved
from jupyter_lifecycle.graph.modules import feature_functions
from jupyter_lifecycle.graph.near import NearNames
from jupyter_lifecycle.graph.order import post_order
from jupyter_lifecycle.graph.selecting import selected

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
    from types import ModuleType

    from jupyter_lifecycle.graph.feature import Feature

TypeChecks = Literal["off", "warn", "fail"]
T = TypeVar("T")
_NONE: tuple[str, ...] = ()
_KEPT = 4
"""Answers that a graph keeps of what was asked about it."""


class FeatureGraph:
    """Features, and who reads whom.

    Made by :meth:`from_functions` or :meth:`from_modules`; never changed. ``with_…`` and
    ``without`` give a new graph that shares what stayed the same.

    Examples
    --------
    >>> def total(price, quantity):
    ...     return price * quantity
    >>> def taxed(total, rate=0.2):
    ...     return total * (1 + rate)
    >>> graph = FeatureGraph.from_functions(total, taxed)
    >>> graph.inputs
    ('price', 'quantity', 'rate')
    >>> graph.required_inputs(["taxed"])
    ('price', 'quantity')
    >>> graph.order()
    ('total', 'taxed')
    """

    __slots__ = ("_config", "_derived", "_inputs", "_structure", "_type_checks")

    def __init__(
        self,
        structure: Structure | None = None,
        config: Mapping[str, Any] | None = None,
        type_checks: TypeChecks = "off",
    ) -> None:
        self._structure = structure or Structure()
        self._config: Mapping[str, Any] = MappingProxyType(dict(config or {}))
        self._type_checks = type_checks
        self._inputs: tuple[str, ...] | None = None
        self._derived: dict[Any, Any] = {}

    @classmethod
    def from_functions(
        cls, *functions: Callable[..., Any], config: Mapping[str, Any] | None = None
    ) -> FeatureGraph:
        """Build a graph of these functions.

        Parameters
        ----------
        *functions : callable
            Each gives the column of its name, or what its modifiers make of it.
        config : mapping of str to any, optional
            Values for parameters that no feature defines, and what modifiers look at.

        Returns
        -------
        FeatureGraph

        Raises
        ------
        FeatureDefinitionError, DuplicateFeatureError, AnnotationError, CycleError
        """
        return cls(config=config).with_functions(*functions)[0]

    @classmethod
    def from_modules(
        cls, *modules: ModuleType, config: Mapping[str, Any] | None = None
    ) -> FeatureGraph:
        """Build a graph of the public functions that these modules define themselves.

        Parameters
        ----------
        *modules : module
            Functions whose names begin with ``_`` and imported ones are no features.
        config : mapping of str to any, optional
            Values for parameters that no feature defines; inputs of the same name win.

        Returns
        -------
        FeatureGraph

        Raises
        ------
        FeatureDefinitionError, DuplicateFeatureError, AnnotationError, CycleError
        """
        functions = [function for module in modules for function in feature_functions(module)]
        return cls(config=config).with_functions(*functions)[0]

    @property
    def features(self) -> Mapping[str, Feature]:
        """All features by name, in order of definition; read-only."""
        return MappingProxyType(self._structure.features)

    @property
    def edges(self) -> Mapping[str, tuple[str, ...]]:
        """For each feature what it reads, features and inputs; read-only."""
        return MappingProxyType(self._structure.parents)

    @property
    def config(self) -> Mapping[str, Any]:
        """Values that stand for inputs of their name."""
        return self._config

    @property
    def inputs(self) -> tuple[str, ...]:
        """Parameters that no feature and no configuration defines, in order of appearance."""
        if self._inputs is None:
            features, config = self._structure.features, self._config
            self._inputs = tuple(
                [n for n in self._structure.children if n not in features and n not in config]
            )
        return self._inputs

    @property
    def optional_inputs(self) -> tuple[str, ...]:
        """Those of :attr:`inputs` for which every reader has a default."""
        return tuple([name for name in self.inputs if not self._is_required(name)])

    @property
    def fans(self) -> frozenset[str]:
        """Features that fan out, or collect what was computed for each item."""
        return self._structure.fans

    def parents(self, name: str) -> tuple[str, ...]:
        """Return what a feature reads, features and inputs, in order of its parameters."""
        self._require([name])
        return self._structure.parents.get(name, _NONE)

    def children(self, name: str) -> tuple[str, ...]:
        """Return the features that read a feature or input."""
        self._require([name])
        return self._structure.children.get(name, _NONE)

    def upstream(self, *names: str) -> tuple[str, ...]:
        """All features and inputs that these need, parents first, without themselves."""
        self._require(names)
        return _without(post_order(names, self._structure.parents), names)

    def downstream(self, *names: str) -> tuple[str, ...]:
        """All features that need one of these, parents first, without themselves."""
        self._require(names)
        return _without(reversed(post_order(names, self._structure.children)), names)

    def order(self, targets: Iterable[str] | None = None) -> tuple[str, ...]:
        """Features in topological order.

        Parameters
        ----------
        targets : iterable of str, optional
            Only these and what they need; all features where not given.

        Returns
        -------
        tuple of str
            Inputs are not among them.

        Raises
        ------
        UnboundError
            If a target is neither feature nor input.
        """
        features, parents = self._structure.features, self._structure.parents
        if targets is None:
            return tuple([name for name in post_order(features, parents) if name in features])
        wanted = tuple(targets)
        self._require(wanted)
        return tuple([name for name in post_order(wanted, parents) if name in features])

    def required_inputs(self, targets: Iterable[str]) -> tuple[str, ...]:
        """Return the inputs without which these targets cannot be computed.

        Parameters
        ----------
        targets : iterable of str
            Features or inputs.

        Returns
        -------
        tuple of str
            Neither what only defaulted parameters read nor what the configuration gives.
        """
        features = self._structure.features
        wanted = tuple(targets)
        found = {name: None for name in wanted if name not in features}
        for name in self.order(wanted):
            for parameter in features[name].parameters:
                if parameter.required and parameter.name not in features:
                    found[parameter.name] = None
        return tuple([name for name in found if name not in self._config])

    def select(self, *terms: str) -> tuple[str, ...]:
        """Find features by name, pattern or tag, to compute or to look at.

        Parameters
        ----------
        *terms : str
            A name; a pattern with ``*``, ``?`` and ``[…]``; ``tag:owner`` for all that have the
            tag; ``tag:owner=pricing`` for one value, which may be a pattern too.

        Returns
        -------
        tuple of str
            In order of the terms, and of definition within each; each name once.

        Raises
        ------
        UnboundError
            If a term means nothing.

        Examples
        --------
        >>> def origin_delay(x): ...
        >>> def origin_wind(x): ...
        >>> FeatureGraph.from_functions(origin_delay, origin_wind).select("origin_*")
        ('origin_delay', 'origin_wind')
        """
        return selected(self._structure.features, self.inputs, terms)

    def near_misses(self, known_inputs: Iterable[str]) -> Mapping[str, str]:
        """Find required parameters that nothing defines and that look like a slip.

        Parameters
        ----------
        known_inputs : iterable of str
            Names that will be given as inputs.

        Returns
        -------
        mapping of str to str
            From the unbound parameter to the feature or known input that was probably meant.
        """
        known = set(known_inputs)
        unbound = [name for name in self.inputs if name not in known and self._is_required(name)]
        if not unbound:
            return {}
        near = NearNames([*self._structure.features, *known])
        found = {name: near.find(name) for name in unbound}
        return {name: meant for name, meant in found.items() if meant is not None}

    @property
    def type_checks(self) -> TypeChecks:
        """What happens at run where a value is not of its annotated type."""
        return self._type_checks

    def with_type_checks(self, mode: TypeChecks) -> FeatureGraph:
        """Compare values with annotations when features are computed.

        Inputs are compared with what their readers take, before anything runs; what a feature
        gives with what it says it returns. Of containers the first hundred items are looked at;
        a column is compared by its class, not by its dtype; whole numbers pass as ``float``.

        Parameters
        ----------
        mode : {"off", "warn", "fail"}

        Returns
        -------
        FeatureGraph

        Raises
        ------
        FeatureDefinitionError
            If it is none of these.
        """
        if mode not in get_args(TypeChecks):
            raise FeatureDefinitionError(
                f"with_type_checks({mode!r}): use one of {', '.join(get_args(TypeChecks))}."
            )
        return FeatureGraph(self._structure, self._config, mode)

    def derived(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what follows from this graph alone; made once, as the graph never changes.

        Parameters
        ----------
        key : hashable
            Names what is asked for; the last few answers are kept.
        make : callable
            Gives the answer; what it raises is not kept.

        Returns
        -------
        any
        """
        answers = self._derived
        try:
            found: T = answers[key]
        except KeyError:
            found = make()
            if len(answers) >= _KEPT:
                answers.clear()
            answers[key] = found
        return found

    def owned_by(self, owner: str) -> tuple[str, ...]:
        """Return the features whose origin has this key."""
        return self._structure.owners.get(owner, _NONE)

    def with_functions(self, *functions: Callable[..., Any]) -> tuple[FeatureGraph, Delta]:
        """Put functions in; one of a known name takes that feature's place.

        Parameters
        ----------
        *functions : callable
            Each gives the column of its name.

        Returns
        -------
        FeatureGraph, Delta
            The new graph and what the edit changed.

        Raises
        ------
        FeatureDefinitionError, DuplicateFeatureError, AnnotationError, CycleError
            This graph stays as it is.
        """
        reader = FeatureReader()
        features: list[Feature] = []
        problems = []
        for function in functions:
            try:
                if getattr(function, MARK, None) is None:
                    features.append(reader.read(function))
                else:
                    features += resolved(function, self._config, reader)
            except FeatureDefinitionError as error:
                problems.append(error.message)
        if problems:
            raise FeatureDefinitionError(several(problems), problems=problems)
        return self.with_features(*features)

    def with_features(
        self, *features: Feature, owner: str | None = None
    ) -> tuple[FeatureGraph, Delta]:
        """Put features in.

        Parameters
        ----------
        *features : Feature
            New ones, or new versions of known ones.
        owner : str, optional
            The key of their origin, such as a cell's id. These become all that it owns: what it
            defined before and no longer does is removed, and a name that another owner defines is
            an error. Without it, a known name is replaced whoever defined it.

        Returns
        -------
        FeatureGraph, Delta

        Raises
        ------
        FeatureDefinitionError
            If a feature's origin is not that owner.
        DuplicateFeatureError, AnnotationError, CycleError
            This graph stays as it is.
        """
        gone: tuple[str, ...] = ()
        if owner is not None:
            self._refuse_other_owners(features, owner)
            gone = self.owned_by(owner)
        self._refuse_configured(features)
        structure, delta = edited(self._structure, features, gone)
        return self._with_structure(structure), delta

    def without(self, *names: str) -> tuple[FeatureGraph, Delta]:
        """Take features out; what reads them stays, with an input of that name.

        Parameters
        ----------
        *names : str
            Features.

        Returns
        -------
        FeatureGraph, Delta

        Raises
        ------
        UnboundError
            If one is no feature.
        """
        features = self._structure.features
        for name in names:
            if name not in features:
                raise UnboundError(f"There is no feature {name}.{did_you_mean(name, features)}")
        structure, delta = edited(self._structure, (), tuple(dict.fromkeys(names)))
        return self._with_structure(structure), delta

    def __contains__(self, name: object) -> bool:
        return name in self._structure.features

    def __len__(self) -> int:
        return len(self._structure.features)

    def __iter__(self) -> Iterator[str]:
        return iter(self._structure.features)

    def __repr__(self) -> str:
        return f"FeatureGraph({len(self)} features, {len(self.inputs)} inputs)"

    def _with_structure(self, structure: Structure) -> FeatureGraph:
        return FeatureGraph(structure, self._config, self._type_checks)

    def _is_required(self, name: str) -> bool:
        features = self._structure.features
        return any(
            parameter.required
            for reader in self._structure.children[name]
            for parameter in features[reader].parameters
            if parameter.name == name
        )

    def _require(self, names: Iterable[str]) -> None:
        features, children = self._structure.features, self._structure.children
        for name in names:
            if name not in features and name not in children:
                known = [*features, *self.inputs]
                raise UnboundError(
                    f"There is no feature or input {name}.{did_you_mean(name, known)}", name=name
                )

    def _refuse_other_owners(self, features: Iterable[Feature], owner: str) -> None:
        problems = []
        for each in features:
            if each.origin.key != owner:
                raise FeatureDefinitionError(
                    f"{each.name} comes from {each.origin.label} ({each.origin.key}), so that "
                    f"{owner} cannot own it."
                )
            known = self._structure.features.get(each.name)
            if known is not None and known.origin.key != owner:
                problems.append(duplicate_line(each.name, known, each))
        if problems:
            raise DuplicateFeatureError(several(problems), problems=problems)

    def _refuse_configured(self, features: Iterable[Feature]) -> None:
        for each in features if self._config else ():
            if each.name in self._config:
                raise DuplicateFeatureError(
                    f"{each.name} is a feature ({place(each)}) and a value of this graph's config. "
                    "Rename the feature, or take the value out of config."
                )


def _without(ordered: Iterable[str], names: Iterable[str]) -> tuple[str, ...]:
    outside = set(names)
    return tuple([name for name in ordered if name not in outside])
