"""A new version that answers a share of the requests first: promoted after its checks, or not."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any, Literal

from jupyter_lifecycle.deployment.service.metrics import quantile
from jupyter_lifecycle.deployment.watching import too_many_fail

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_lifecycle.deployment.options import Options

Verdict = Literal["wait", "promote", "fail"]
LOOK_SECONDS = 1.0
_SHARE = 0.95
_NOTHING: dict[str, Any] = {"requests": 0, "failed": 0, "buckets": []}


def judge(
    options: Options, counts: Mapping[str, Mapping[str, Any]], pair: tuple[str, str], since: float
) -> tuple[Verdict, str]:
    """Say whether a canary waits, is promoted or failed, and why.

    Parameters
    ----------
    options : Options
        Of the rule.
    counts : mapping
        Answers, failures and latency histogram by the shown digits of an envelope's id.
    pair : (str, str)
        Ids of the version before and of the canary.
    since : float
        When it began, Unix seconds.

    Returns
    -------
    (str, str)
        The verdict and a fact for people.
    """
    before, mine = (counts.get(one[:10], _NOTHING) for one in pair)
    requests, failed = int(mine["requests"]), int(mine["failed"])
    if too_many_fail(options, requests, failed):
        return "fail", f"{failed} of {requests} requests to the canary failed"
    slow = _slower(options, before, mine)
    if slow:
        return "fail", slow
    lasted = time.time() - since
    if lasted < options.canary_seconds or requests < options.canary_requests:
        return "wait", (
            f"{options.canary:.0%} for {lasted:.0f} of {options.canary_seconds:g} s, "
            f"{requests} of {options.canary_requests} requests"
        )
    return "promote", f"{requests} requests, {failed} failed"


def _slower(options: Options, before: Mapping[str, Any], mine: Mapping[str, Any]) -> str:
    """Say how much slower a canary is, where that is too much; empty where it is not."""
    enough = min(int(before["requests"]), int(mine["requests"])) >= options.rollback_requests
    if not options.rollback_latency or not enough:
        return ""
    was, now = quantile(before["buckets"], _SHARE), quantile(mine["buckets"], _SHARE)
    if math.isnan(was) or now <= was * options.rollback_latency:
        return ""
    return (
        f"95 % of the canary's answers took up to {now * 1000:.3g} ms, "
        f"those of the version before {was * 1000:.3g} ms"
    )
