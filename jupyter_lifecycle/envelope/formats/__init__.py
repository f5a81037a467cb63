"""How models are stored: by cloudpickle, or in their framework's own format where that is better.

A format of another package is found by the entry point group ``jupyter_lifecycle.formats``, whose
names are the top-level packages of the models it stores.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Protocol

from jupyter_lifecycle.errors import EnvelopeError, MissingExtraError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

GROUP = "jupyter_lifecycle.formats"
DEFAULT = "cloudpickle"
AUTOMATIC = "auto"

_OURS = {
    "xgboost": "boosting:XGBoostFormat",
    "lightgbm": "boosting:LightGBMFormat",
    "torch": "torch:TorchFormat",
    "keras": "keras:KerasFormat",
    "onnx": "onnx:OnnxFormat",
}
_ASKED_FOR = {"skops": "skops:SkopsFormat", "mlflow": "mlflow:MlflowFormat"}
"""Chosen by name only."""


class UnsuitableError(Exception):
    """Why a format cannot store this model; cloudpickle does it then, and the reason is told."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What a format wrote."""

    format: str
    file: str
    modules: tuple[str, ...] = ()
    """Modules that reading it needs, whether or not the model's own code imports them."""


class Format(Protocol):
    """Stores and reads the models of one framework."""

    name: str
    """As the manifest has it."""

    def fits(self, model: Any) -> bool:
        """Whether this object is one that the format is for."""
        ...

    def dump(self, model: Any, folder: Path, pickle: Callable[..., bytes]) -> Stored:
        """Write the model's files into a folder.

        Parameters
        ----------
        model
            What :meth:`fits` let through.
        folder : Path
            Of the envelope; other files lie there too.
        pickle : callable
            Gives the bytes of an object with its code, where a part of the model needs that; its
            ``persistent=`` takes a callable as ``pickle.Pickler.persistent_id``.

        Raises
        ------
        UnsuitableError
            Where this one cannot be stored so; nothing is left in the folder.
        """
        ...

    def load(self, file: Path, kind: str, unpickle: Callable[..., Any]) -> Any:
        """Read the model.

        Parameters
        ----------
        file : Path
            The manifest's ``model.file``; its digest was checked, as were those beside it.
        kind : str
            The manifest's ``model.kind``.
        unpickle : callable
            Reads what ``pickle`` gave; takes ``persistent=`` a callable of the id.
        """
        ...


def packages_of(model: Any) -> tuple[str, ...]:
    """Top-level packages of a model's classes, its own first."""
    kinds = type(model).__mro__[:-1]
    return tuple(dict.fromkeys(kind.__module__.partition(".")[0] for kind in kinds))


def format_for(model: Any, wanted: str = AUTOMATIC) -> Format | None:
    """Give the format that a model is stored in; None for cloudpickle.

    Parameters
    ----------
    model
        Any object.
    wanted : str
        ``auto``, ``cloudpickle``, or the name of a format.

    Raises
    ------
    EnvelopeError
        Where no format has that name, or it is not for this model.
    """
    if wanted == DEFAULT:
        return None
    if wanted != AUTOMATIC:
        found = format_named(wanted)
        if not found.fits(model):
            kind = type(model)
            raise EnvelopeError(
                f"The format {wanted} does not store a {kind.__module__}.{kind.__qualname__}. "
                'Leave format="auto", or give "cloudpickle".'
            )
        return found
    for package in packages_of(model):
        if package in _OURS or package in _others():
            found = _made(package)
            if found.fits(model):
                return found
    return None


def format_named(name: str) -> Format:
    """Give a format by its name in the manifest.

    Raises
    ------
    EnvelopeError
        Where there is none.
    """
    if name in _ASKED_FOR or name in _OURS or name in _others():
        return _made(name)
    known = [DEFAULT, *_OURS, *_ASKED_FOR, *_others()]
    raise EnvelopeError(
        f"There is no format {name!r}; known are {', '.join(known)}.{did_you_mean(name, known)} "
        "A format of another package needs that package installed."
    )


@cache
def _made(name: str) -> Format:
    place = {**_OURS, **_ASKED_FOR}.get(name)
    if place is None:
        return _others()[name].load()()  # type: ignore[no-any-return]
    module, _, kind = place.partition(":")
    return getattr(import_module(f"{__name__}.{module}_format"), kind)()  # type: ignore[no-any-return]


@cache
def _others() -> Mapping[str, Any]:
    """Find formats of other packages, by the top-level package of what they store."""
    return {point.name: point for point in entry_points(group=GROUP)}


def framework(name: str, package: str) -> Any:
    """Import a framework that a stored model needs.

    Raises
    ------
    MissingExtraError
        Where it is not installed.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as problem:
        raise MissingExtraError(
            f"The model is stored in the format of {package}, which is not installed. "
            f"Install it: pip install {package}"
        ) from problem


def unsuitable_if(reasons: Sequence[tuple[bool, str]]) -> None:
    """Raise the first reason that holds.

    Raises
    ------
    UnsuitableError
        Where one does.
    """
    for holds, words in reasons:
        if holds:
            raise UnsuitableError(words)
