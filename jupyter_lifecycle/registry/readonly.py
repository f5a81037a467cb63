"""A backend that only answers: for dashboards, which anybody may open."""

from __future__ import annotations

from typing import Any, NoReturn

from jupyter_lifecycle.errors import ForbiddenError

WRITES = frozenset(
    {"send", "add", "tag", "log_metrics", "set_rule", "remove_rule", "set_pin", "set_endpoint"}
    | {"write_board", "add_exposures"}
    | {"add_windows", "set_skew", "add_outcomes", "react", "log_series", "attach"}
    | {"start_deployment", "update_deployment", "lease", "release"}
    | {"delete", "restore", "collect", "create", "first", "revoke", "remove", "resend"}
)
PARTS = frozenset({"bin", "keyring", "mailbox"})


class ReadOnly:
    """Hands on what reads and refuses what writes.

    Parameters
    ----------
    backend : Backend
        Who answers, or a part of one.
    location : str
        Where it is, for a part that does not know.
    """

    def __init__(self, backend: Any, location: str = "") -> None:
        self._backend = backend
        self._where = location or backend.location

    def __getattr__(self, name: str) -> Any:
        if name in PARTS:
            return ReadOnly(getattr(self._backend, name), self._where)
        if name not in WRITES:
            return getattr(self._backend, name)

        def refused(*_: object, **__: object) -> NoReturn:
            raise ForbiddenError(
                f"The registry {self._where} was opened to be read only, so nothing was"
                " changed. Open it without read_only=True."
            )

        return refused
