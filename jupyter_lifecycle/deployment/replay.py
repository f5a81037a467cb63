"""Asks a new service what the envelope was asked when it was saved, and compares the answers."""

from __future__ import annotations

import http.client
import json
import math
import time
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.deployment.service.attributes import CHOICE
from jupyter_lifecycle.envelope.agreement import first_difference
from jupyter_lifecycle.errors import DeploymentError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jupyter_lifecycle.envelope import Bundle

_SECONDS = 300.0


def replay(bundle: Bundle, port: int) -> str:
    """Send the envelope's example to a service.

    Parameters
    ----------
    bundle : Bundle
        Has the example and what it was answered with.
    port : int
        Of the service's private socket.

    Returns
    -------
    str
        A fact for people, such as ``200 rows equal``.

    Raises
    ------
    DeploymentError
        Where the service refuses the example, fails, or answers differently; says how many rows
        and which one first.
    """
    example = bundle.example_json()
    answer = _ask(port, example, bundle.id)
    count = len(example) if isinstance(example, list) else 1
    rows = "row" if count == 1 else "rows"
    if not bundle.manifest.example.repeatable:
        return f"{count} {rows} answered; the model answers differently each time"
    expected = bundle.answers_json()
    if not first_difference(expected, answer):
        return f"{count} {rows} equal"
    fact, words = _difference(expected, answer)
    raise DeploymentError(f"The example replay differed in {words}", fact=fact)


def smoke(checks: Sequence[Mapping[str, Any]], port: int, envelope: str = "") -> str:
    """Ask a service what a rule says that it must answer.

    Parameters
    ----------
    checks : sequence of mapping
        Each has ``input``, and may have ``output``, ``tolerance`` and ``seconds``.
    port : int
        Of the service's private socket.
    envelope : str
        Which envelope is asked, where several answer there.

    Returns
    -------
    str
        A fact for people, such as ``2 smoke checks passed``.

    Raises
    ------
    DeploymentError
        For the first that it does not pass.
    """
    for place, check in enumerate(checks):
        started = time.perf_counter()
        try:
            answer = _ask(port, check["input"], envelope)
        except DeploymentError as problem:
            said = problem.message.replace("the envelope's example", f"smoke check {place}")
            raise DeploymentError(said, fact=f"smoke check {place} failed") from problem
        took = time.perf_counter() - started
        if took > check.get("seconds", math.inf):
            raise DeploymentError(
                f"Smoke check {place} took {took:.3g} s, more than {check['seconds']:g} s.",
                fact=f"smoke check {place} was slow",
            )
        if "output" in check and not _near(check["output"], answer, check.get("tolerance", 0)):
            raise DeploymentError(
                f"Smoke check {place} was answered {_show(answer)}; "
                f"the rule wants {_show(check['output'])}.",
                fact=f"smoke check {place} differed",
            )
    return f"{len(checks)} smoke check{'' if len(checks) == 1 else 's'} passed"


def _near(expected: Any, answer: Any, tolerance: float) -> bool:
    if _is_number(expected) and _is_number(answer):
        return bool(abs(expected - answer) <= tolerance)
    if isinstance(expected, list) and isinstance(answer, list):
        return len(expected) == len(answer) and all(
            _near(one, other, tolerance) for one, other in zip(expected, answer, strict=True)
        )
    if isinstance(expected, dict) and isinstance(answer, dict):
        return expected.keys() == answer.keys() and all(
            _near(expected[key], answer[key], tolerance) for key in expected
        )
    return type(expected) is type(answer) and bool(expected == answer)


def _difference(expected: Any, answer: Any) -> tuple[str, str]:
    """Say in a few words and in a sentence how two answers differ."""
    if not (
        isinstance(expected, list) and isinstance(answer, list) and len(expected) == len(answer)
    ):
        return "differs", f"its form: {_show(expected)} expected, {_show(answer)} answered."
    differing = [
        (place, was, now)
        for place, (was, now) in enumerate(zip(expected, answer, strict=True))
        if first_difference(was, now)
    ]
    gaps = [abs(was - now) for _, was, now in differing if _is_number(was) and _is_number(now)]
    largest = f", by up to {max(gaps):.3g}" if gaps else ""
    place, was, now = differing[0]
    fact = f"{len(differing)} of {len(expected)} differ"
    return fact, (
        f"{len(differing)} of {len(expected)} rows{largest}; "
        f"row {place}: {_show(was)} expected, {_show(now)} answered."
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _show(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}…"


def _ask(port: int, payload: Any, choice: str = "") -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
    try:
        body = json.dumps(payload)
        headers = {"Content-Type": "application/json"}
        if choice:
            headers[CHOICE] = choice
        connection.request("POST", "/predict", body, headers)
        response = connection.getresponse()
        answer = json.loads(response.read())
    except (OSError, http.client.HTTPException, ValueError) as problem:
        raise DeploymentError(
            f"The new service did not answer the envelope's example: {problem!r}."
        ) from problem
    finally:
        connection.close()
    if response.status != 200:
        said = answer.get("error", {}).get("message", "") if isinstance(answer, dict) else ""
        raise DeploymentError(
            f"The new service answered the envelope's example with {response.status}: {said}"
        )
    return answer
