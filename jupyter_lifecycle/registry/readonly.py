"""A backend that only answers: for dashboards, which anybody may open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from jupyter_lifecycle.errors import ForbiddenError

if TYPE_CHECKING:
    from jupyter_lifecycle.registry.backend import Backend

WRITES = frozenset(
    {"send", "add", "tag", "log_metrics", "set_rule", "remove_rule", "set_pin", "set_endpoint"}
    | {"start_deployment", "update_deployment", "lease", "release"}
    | {"create_token", "revoke_token", "add_webhook", "remove_webhook"}
)


class ReadOnly:
    """Hands on what reads and refuses what writes.

    Parameters
    ----------
    backend : Backend
        Who answers.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def __getattr__(self, name: str) -> Any:
        if name not in WRITES:
            return getattr(self._backend, name)

        def refused(*_: object, **__: object) -> NoReturn:
            raise ForbiddenError(
                f"The registry {self._backend.location} was opened to be read only, so nothing was"
                " changed. Open it without read_only=True."
            )

        return refused
