"""A feature that raised, as data for one screen."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

from jupyter_lifecycle.notebook.definitions import code_of
from jupyter_lifecycle.notebook.tracebacks import Line, called_lines, headline, own_lines
from jupyter_lifecycle.widgets.outcomes import Argument, Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jupyter_lifecycle.graph import Feature
    from jupyter_lifecycle.materialise import Failure as Facts


def screen_of(
    facts: Facts,
    error: BaseException,
    *,
    place: Callable[[str], str],
    waits: Sequence[str] = (),
) -> Failure:
    """Describe what a feature raised.

    Parameters
    ----------
    facts : materialise.Failure
        The feature and its parameters' values.
    error : BaseException
        The user's own exception, with its traceback.
    place : callable
        File name to what people read, such as ``cell [4]``.
    waits : sequence of str
        Features that cannot run now.
    """
    inside = lines_inside(facts.feature, error)
    last = inside[-1] if inside else None
    hints = facts.notes[1 + len(facts.arguments) :]
    return Failure(
        feature=facts.feature.name,
        origin=facts.feature.origin.label,
        message=headline(error),
        place=f"{place(last.filename)}, line {last.number}, in {last.function}" if last else "",
        code=last.code() if last else (),
        line=last.number if last else 0,
        arguments=[Argument(one.name, one.dtype, one.rows, one.first) for one in facts.arguments],
        notes=hints,
        waits=waits,
        seconds=facts.seconds,
        cell=_cell_id(facts.feature),
        traceback="".join(traceback.format_exception(error)).rstrip(),
    )


def _cell_id(feature: Feature) -> str:
    owner = feature.origin.key
    return owner.removeprefix("cell:") if owner.startswith("cell:") else ""


def lines_inside(feature: Feature, error: BaseException) -> tuple[Line, ...]:
    """Return the user's own frames from the feature's function inwards.

    Where a modifier called another function in its place (``does``, a check), the frames of that.
    """
    code = code_of(feature.written)
    lines = own_lines(error)
    for index, line in enumerate(lines):
        if code is not None and (line.filename, line.function) == (code.co_filename, code.co_name):
            return lines[index:]
    return called_lines(error) if feature.definition is not None or feature.checks else ()
