"""Where the cells stand in the open notebooks, as the lab extension says it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_lifecycle.widgets.wire import CellPlace

_CELL = "cell:"
GONE = "its cell is gone"


@dataclass(frozen=True, slots=True)
class Places:
    """The cells of the notebooks that use this kernel: their order, their headings, who is gone.

    Without the lab extension nothing is known, and nothing is said to be gone.
    """

    notebooks: tuple[tuple[str, tuple[CellPlace, ...]], ...] = ()
    seen: frozenset[str] = frozenset()
    _at: dict[str, tuple[int, str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        cells = [cell for _, places in self.notebooks for cell in places]
        at = {cell.id: (index, cell.title) for index, cell in enumerate(cells)}
        object.__setattr__(self, "_at", at)

    def moved(self, notebook: str, cells: Sequence[CellPlace], *, was: str = "") -> Places:
        """Return the places after a notebook said what its cells are now.

        Parameters
        ----------
        notebook : str
            Its path.
        cells : sequence of CellPlace
            All its code cells, in order.
        was : str
            The path that it had before, where it was renamed.
        """
        others = [one for one in self.notebooks if one[0] not in {notebook, was}]
        ids = frozenset(cell.id for cell in cells)
        return Places((*others, (notebook, tuple(cells))), self.seen | ids)

    def order(self, owner: str) -> int | None:
        """Find the place of a cell that owns features; None where it is not known."""
        known = self._at.get(owner.removeprefix(_CELL)) if owner.startswith(_CELL) else None
        return known[0] if known is not None else None

    def title(self, owner: str) -> str:
        """Find the heading above a cell that owns features; empty where it is not known."""
        known = self._at.get(owner.removeprefix(_CELL)) if owner.startswith(_CELL) else None
        return known[1] if known is not None else ""

    def is_gone(self, owner: str) -> bool:
        """Whether the cell was seen in a notebook once and is in none now."""
        cell = owner.removeprefix(_CELL)
        return owner.startswith(_CELL) and cell in self.seen and cell not in self._at
