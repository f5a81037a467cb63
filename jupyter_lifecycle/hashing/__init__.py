"""Tagged fingerprints of code and values; what can't be fingerprinted raises, nothing is guessed.

:func:`combine` makes one digest of several, :func:`fingerprint` one of any value, :func:`code_key`
one of a function with everything that it names. :class:`Watch` sees what a call opens.
"""

from __future__ import annotations

from jupyter_lifecycle.hashing.code import code_key, fingerprint, holds, together
from jupyter_lifecycle.hashing.digest import combine
from jupyter_lifecycle.hashing.opened import Opening, Source, sources_of, with_sources
from jupyter_lifecycle.hashing.trace import CodeKey, CodePart
from jupyter_lifecycle.hashing.watch import Watch, noticed

__all__ = [
    "CodeKey",
    "CodePart",
    "Opening",
    "Source",
    "Watch",
    "code_key",
    "combine",
    "fingerprint",
    "holds",
    "noticed",
    "sources_of",
    "together",
    "with_sources",
]
