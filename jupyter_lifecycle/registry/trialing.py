"""Layers, experiments and who saw what: the part of a registry that experiments use."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jupyter_lifecycle.registry.backend import Backend
    from jupyter_lifecycle.registry.trials import Board, Document, Exposures

_STRETCHES = 20


class Trialing:
    """Documents that are written upon a revision, and exposures."""

    _backend: Backend

    def board(self, *, reports: bool = False) -> Board:
        """Give all layers, holdouts and experiments, and their common revision.

        Parameters
        ----------
        reports : bool
            Whether the reports of those that ended are among them.
        """
        return self._backend.board(reports)

    def write_board(self, expect: int, documents: Sequence[Document]) -> Board:
        """Write documents, all or none, if nothing was written since a revision.

        Parameters
        ----------
        expect : int
            The revision that was read.
        documents : sequence of Document
            Kind, name and body of each; a body that is None removes it.

        Raises
        ------
        ConflictError
            Something was written since; nothing is written now. Or a report would change.
        InvalidValueError
            A kind, name or body that cannot be.
        """
        return self._backend.write_board(expect, documents)

    def experiment_key(self, name: str) -> str:
        """Give the key that signs forced arms of an experiment; needs the scope ``deploy``.

        Raises
        ------
        NotFoundError
            There is no such experiment.
        """
        return self._backend.experiment_key(name)

    def add_exposures(self, items: Sequence[Exposures]) -> int:
        """Write stretches of exposures; of one key the longer counts, so a replay counts once.

        Returns
        -------
        int
            How many exposures were new.
        """
        return self._backend.add_exposures(items)

    def exposures(self, experiment: str) -> Iterator[Exposures]:
        """Give all stretches of exposures of an experiment, in the order in which they came."""
        after = 0
        while found := self._backend.exposures(experiment, after, _STRETCHES):
            yield from found
            after = found[-1].seq
