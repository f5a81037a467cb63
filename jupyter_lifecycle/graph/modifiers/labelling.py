"""Modifiers that say something about features without changing what they compute."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from jupyter_lifecycle.errors import FeatureDefinitionError, did_you_mean
from jupyter_lifecycle.graph.modifiers.stages import Decorator, Made, Stage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jupyter_lifecycle.graph.feature import Feature

_BEHAVIOURS = {
    "auto": "auto",
    "default": "auto",
    "always": "always",
    "never": "never",
    "disable": "never",
    "recompute": "never",
}


@dataclass(frozen=True, slots=True)
class Tag:
    """Tags for some of the features."""

    tags: Mapping[str, str]
    target: Any
    stage: ClassVar[Stage] = Stage.LABEL

    def apply(self, made: Made) -> Made:
        """Add the tags; where a feature has one of the name, this one counts."""
        return made.changed(made.chosen(self.target, "tag"), self._tagged)

    def _tagged(self, feature: Feature) -> Feature:
        return replace(feature, tags={**feature.tags, **self.tags})


@dataclass(frozen=True, slots=True)
class Cache:
    """How the features are cached."""

    mode: Literal["auto", "always", "never"]
    stage: ClassVar[Stage] = Stage.LABEL

    def apply(self, made: Made) -> Made:
        """Set it for every feature of the function."""
        every = made.chosen(..., "cache")
        return made.changed(every, lambda feature: replace(feature, cache=self.mode))


@dataclass(frozen=True, slots=True)
class AtOnce:
    """How many items of a fan-out are worked on at the same time."""

    limit: int
    stage: ClassVar[Stage] = Stage.LABEL

    def apply(self, made: Made) -> Made:
        """Set it for the outputs, which must fan out."""
        for name in made.outputs:
            if made.named(name).fan != "out":
                raise FeatureDefinitionError(
                    f"at_once({self.limit}) on {name}: it does not fan out. Annotate it with "
                    "-> FanOut[…], or take the modifier away."
                )
        outputs = made.chosen(None, "at_once")
        return made.changed(outputs, lambda feature: replace(feature, at_once=self.limit))


def at_once(limit: int) -> Decorator:
    """Work on several items of a fan-out at the same time, on threads.

    Parameters
    ----------
    limit : int
        At most so many; features that are ``async`` wait together.

    Returns
    -------
    Decorator

    Raises
    ------
    FeatureDefinitionError
        If it is less than one, or the function does not fan out.
    """
    if limit < 1:
        raise FeatureDefinitionError(f"at_once({limit!r}): at least one item is worked on.")
    return Decorator((AtOnce(limit),))


def _texts(tags: Mapping[str, Any], where: str) -> dict[str, str]:
    found = {}
    for name, each in tags.items():
        texts = each if isinstance(each, (list, tuple)) else [each]
        if not all(isinstance(text, str) for text in texts):
            raise FeatureDefinitionError(
                f"{where}({name}={each!r}): a tag is a text or a list of texts."
            )
        found[name] = ",".join(texts)
    return found


def tag(*, target_: Any = None, **tags: str | Sequence[str]) -> Decorator:
    """Tag features, for selections, lineage and the explorer.

    Parameters
    ----------
    target_ : str, sequence of str or ..., optional
        Which of the function's features; its outputs where not given, all for ``...``.
    **tags : str or list of str
        A list is kept as its items with commas between them, and selected by each.

    Returns
    -------
    Decorator

    Raises
    ------
    FeatureDefinitionError
        If a tag is no text.
    """
    return Decorator((Tag(_texts(tags, "tag"), target_),))


def tag_outputs(**tags: Mapping[str, str | Sequence[str]]) -> Decorator:
    """Tag each of a function's features with its own tags.

    Parameters
    ----------
    **tags : mapping of str to str
        By the feature's name.

    Returns
    -------
    Decorator
    """
    return Decorator(tuple([Tag(_texts(each, "tag_outputs"), name) for name, each in tags.items()]))


def cache(behavior: str = "default") -> Decorator:
    """Say how a function's features are cached.

    Parameters
    ----------
    behavior : {"default", "always", "never", "disable", "recompute"}
        ``default``: as the code allows; ``always``: although it was seen to be impure; the others
        compute each time.

    Returns
    -------
    Decorator

    Raises
    ------
    FeatureDefinitionError
        If it is none of these.
    """
    if behavior not in _BEHAVIOURS:
        raise FeatureDefinitionError(
            f"cache({behavior!r}) is not known.{did_you_mean(str(behavior), _BEHAVIOURS)} Use "
            f"one of {', '.join(_BEHAVIOURS)}."
        )
    mode: Any = _BEHAVIOURS[behavior]
    return Decorator((Cache(mode),))


class schema:  # noqa: N801 - it reads as the field's decorator does
    """Say which columns a frame has."""

    @staticmethod
    def output(*columns: tuple[str, str], target_: Any = None) -> Decorator:
        """Tag a frame with its columns and their types, as ``schema``.

        Parameters
        ----------
        *columns : (str, str)
            Name and type.
        target_ : str, sequence of str or ..., optional
            Which of the function's features; its outputs where not given.

        Returns
        -------
        Decorator
        """
        text = ",".join([f"{name}={kind}" for name, kind in columns])
        return Decorator((Tag({"schema": text}, target_),))
