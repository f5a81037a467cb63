"""The selection language: one way to say which nodes are meant, in the explorer and in the magics.

::

    weather_severity            that node           +x      x and all that it needs
    origin_*                    names like that     x+2     x and two hops of what needs it
    tag:family=weather          its tag             2+x+2   x and two hops on both sides
    cell:4   cell:"Rolling *"   where it stands     +(a b)  a, b and all that they need
    status:stale                its state           a b     a or b
    type:float*                 its dtype           a and not b
    slow>1s  nulls>5%  rows>1M  what it measured    (a or b) and tag:owner
"""

from jupyter_lifecycle.widgets.selection.completion import Completion, Option, complete
from jupyter_lifecycle.widgets.selection.evaluation import Found, find, subset
from jupyter_lifecycle.widgets.selection.wording import describe, quoted

__all__ = ["Completion", "Found", "Option", "complete", "describe", "find", "quoted", "subset"]
