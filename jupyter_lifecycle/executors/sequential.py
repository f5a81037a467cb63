"""One task after the other, in the calling thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence


class SequentialExecutor:
    """Runs tasks in the order given; an interrupt stops inside the running one."""

    def run(
        self,
        order: Sequence[str],
        waits_for: Mapping[str, Collection[str]],  # noqa: ARG002 - the order respects it
        task: Callable[[str], None],
    ) -> None:
        """Call ``task`` for each name; see :class:`Executor`."""
        for name in order:
            task(name)
