"""What the kernel answers to the explorer's requests: each a reply, also where it went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import LifecycleError, SelectionError
from jupyter_lifecycle.widgets.exporting import document
from jupyter_lifecycle.widgets.selection import complete, describe, find
from jupyter_lifecycle.widgets.wire import Completed, Reply, Selected

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jupyter_lifecycle.widgets.explorer import ExplorerSource


def answer(source: ExplorerSource, request: Mapping[str, Any]) -> Reply | None:
    """Answer one request of a view; None for what is no request."""
    answers = _ANSWERS.get(str(request.get("type")))
    names, number = request.get("names"), request.get("id")
    if answers is None or not isinstance(names, list) or not isinstance(number, int):
        return None
    asked = {**request, "names": [str(name) for name in names]}
    try:
        return answers(source, asked, number)
    except Exception as failure:  # noqa: BLE001 - it is answered: the view shows it where it was asked
        return Reply(number, None, failure_line(failure))


def failure_line(failure: BaseException) -> str:
    """Say a failure in one line: a message of ours as it is, any other with its class before it."""
    if isinstance(failure, LifecycleError):
        return failure.message
    text = str(failure)
    return f"{type(failure).__name__}: {text}" if text else type(failure).__name__


def _inspect(source: ExplorerSource, asked: Mapping[str, Any], number: int) -> Reply:
    return Reply(number, source.inspect(asked["names"][0]), "")


def _act(source: ExplorerSource, asked: Mapping[str, Any], number: int) -> Reply:
    source.act(asked.get("action"), asked["names"])  # type: ignore[arg-type]
    return Reply(number, None, "")


def _select(source: ExplorerSource, asked: Mapping[str, Any], number: int) -> Reply:
    query = str(asked.get("text", ""))
    try:
        found = find(query, source.graph_view(), source.states_view())
    except SelectionError as error:
        place = error.detail
        wrong = Selected(
            query, [], False, error.message,
            place["position"], place["length"], place["suggestion"],
        )  # fmt: skip
        return Reply(number, None, "", wrong)
    return Reply(number, None, "", Selected(query, list(found.nodes), found.around, "", 0, 0, ""))


def _describe(source: ExplorerSource, asked: Mapping[str, Any], number: int) -> Reply:
    return Reply(number, None, "", text=describe(asked["names"], source.graph_view()))


def _complete(source: ExplorerSource, asked: Mapping[str, Any], number: int) -> Reply:
    query, at = str(asked.get("text", "")), asked.get("at")
    found = complete(
        query, at if isinstance(at, int) else len(query), source.graph_view(), source.states_view()
    )
    options = [(option.text, option.note) for option in found.options]
    return Reply(number, None, "", completed=Completed(found.start, found.end, options))


def _export(source: ExplorerSource, asked: Mapping[str, Any], number: int) -> Reply:
    return Reply(number, None, "", text=document(source, asked.get("text"), asked["names"]))


_ANSWERS: Mapping[str, Callable[[ExplorerSource, Mapping[str, Any], int], Reply]] = {
    "inspect": _inspect,
    "act": _act,
    "select": _select,
    "describe": _describe,
    "complete": _complete,
    "export": _export,
}
