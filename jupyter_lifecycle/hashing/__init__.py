"""Tagged fingerprints of code and values; what can't be fingerprinted raises, nothing is guessed.

:func:`combine` makes one digest of several, :func:`fingerprint` one of any value, :func:`code_key`
one of a function with everything that it names.
"""

from __future__ import annotations

from jupyter_lifecycle.hashing.code import code_key, fingerprint
from jupyter_lifecycle.hashing.digest import combine
from jupyter_lifecycle.hashing.trace import CodeKey, CodePart

__all__ = ["CodeKey", "CodePart", "code_key", "combine", "fingerprint"]
