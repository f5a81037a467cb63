"""A contract: the types of columns, what is allowed in them, and from where on they moved.

What an envelope says of its inputs, apart from the envelope: it comes from other tools' schemas,
goes into them, and rows are checked against it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import ProfileError
from jupyter_lifecycle.monitoring.verdicts import Limits

if TYPE_CHECKING:
    from jupyter_lifecycle.envelope.expectations import Expectation
    from jupyter_lifecycle.envelope.fields import Field


@dataclass(frozen=True, slots=True)
class Contract:
    """What columns have to be; ``jl.check(frame, contract)`` lists what is not.

    Parameters
    ----------
    fields : tuple of Field
        Types, nulls and closed domains.
    expectations : tuple of Expectation
        What is allowed, set by hand or by another tool, and what training showed.
    limits : Limits
        From where on a column is called moved: ``jl.skew(…, limits=contract.limits)``.
    left_out : tuple of str
        What another tool's schema says and this cannot hold, in words.
    """

    fields: tuple[Field, ...]
    expectations: tuple[Expectation, ...] = ()
    limits: Limits = field(default_factory=Limits)
    left_out: tuple[str, ...] = ()

    @classmethod
    def of(cls, side: Any, limits: Limits | None = None) -> Contract:
        """Give the contract of an envelope's inputs.

        Parameters
        ----------
        side : envelope, Expectations or Contract
            An envelope is anything with a ``manifest``. Expectations have no schema: the types are
            those that they show.
        limits : Limits, optional
            From where on a column is called moved.

        Raises
        ------
        ProfileError
            Where it is none of these.
        """
        from jupyter_lifecycle.monitoring.rules import field_of
        from jupyter_lifecycle.monitoring.sides import expectations_of_side

        if isinstance(side, Contract):
            return side
        found = expectations_of_side(side)
        if found is None:
            raise ProfileError(
                "A contract is made of an envelope or jl.expect(frame), got a "
                f"{type(side).__qualname__}."
            )
        expectations, fields = found
        fields = tuple(fields) or tuple(field_of(one) for one in expectations)
        return cls(fields, tuple(expectations), limits or Limits())

    def expectation(self, name: str) -> Expectation | None:
        """Give what is known of one column's values; None where nothing is."""
        return next((one for one in self.expectations if one.name == name), None)
