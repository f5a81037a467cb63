"""What a request says about who asks: the unit and what experiments are targeted by."""

from __future__ import annotations

import json
from typing import Any

from jupyter_lifecycle.errors import InputError

HEADER = b"x-attributes"
CHOICE = "x-lifecycle-choice"
"""Names the envelope that answers; only a deployer is heard, before the service is public."""
_LONGEST = 8192


def attributes_of(payload: Any, header: bytes | None) -> dict[str, Any]:
    """Give the attributes of a request.

    Parameters
    ----------
    payload
        The decoded request. The fields of its row are attributes where it has one row; of many
        rows a field is one where all rows agree.
    header : bytes or None
        ``X-Attributes``: a JSON object, which goes before what the row says.

    Raises
    ------
    InputError
        Where the header is no JSON object.
    """
    found = _of_rows(payload)
    if header is None:
        return found
    return {**found, **of_header(header)}


def _of_rows(payload: Any) -> dict[str, Any]:
    if isinstance(payload, list):
        if len(payload) == 1 and isinstance(payload[0], dict):
            return payload[0]
        if not payload or not all(isinstance(row, dict) for row in payload):
            return {}
        first = payload[0]
        return {
            name: value
            for name, value in first.items()
            if all(row.get(name) == value for row in payload)
        }
    if not isinstance(payload, dict):
        return {}
    if not any(isinstance(value, list) for value in payload.values()):
        return payload
    return {
        name: value[0]
        for name, value in payload.items()
        if isinstance(value, list) and value and all(one == value[0] for one in value)
    }


def of_header(header: bytes) -> dict[str, Any]:
    """Read the header alone.

    Raises
    ------
    InputError
        Where it is no JSON object.
    """
    reason = f"the header X-Attributes has more than {_LONGEST} bytes"
    if len(header) <= _LONGEST:
        reason = "the header X-Attributes is no JSON object"
        try:
            found = json.loads(header)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict):
            return found
    raise InputError(
        f"The request cannot be read: {reason}.", problems=[{"path": "", "reason": reason}]
    )
