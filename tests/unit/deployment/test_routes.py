"""Which envelope answers: shares, units that stay, attributes, shadows, canaries."""

import json
import stat
import time
from threading import Event

import pytest

from jupyter_lifecycle.deployment import canary
from jupyter_lifecycle.deployment.company import Company, company_of
from jupyter_lifecycle.deployment.options import Options
from jupyter_lifecycle.deployment.service.attributes import attributes_of
from jupyter_lifecycle.deployment.service.metrics import Metrics, quantile
from jupyter_lifecycle.deployment.service.routes import Routes, Shadow, Split
from jupyter_lifecycle.deployment.service.shadowing import Shadowing
from jupyter_lifecycle.deployment.service.versions import Answer, Question, Unavailable
from jupyter_lifecycle.errors import InputError, RuleError
from jupyter_lifecycle.registry import Registry

A, B, C = "a" * 40, "b" * 40, "c" * 40


def test_routes_are_written_for_their_owner_alone_and_read_again(tmp_path):
    routes = Routes((Split(A, 0.1),), "customer_id", "svc:split", (Shadow(B, 0.5),), {"x": [1]})
    assert Routes.read(tmp_path) == Routes()
    routes.write(tmp_path)
    routes.write(tmp_path)
    assert Routes.read(tmp_path) == routes
    assert [path.name for path in tmp_path.iterdir()] == ["routes.json"]
    assert stat.S_IMODE((tmp_path / "routes.json").stat().st_mode) == 0o600


def test_a_unit_stays_where_it_is_and_shares_are_kept():
    routes = Routes((Split(A, 0.2), Split(B, 0.3)), "id", "svc:split")
    drawn = {n: routes.draw({"id": n}) for n in range(4000)}
    assert drawn == {n: routes.draw({"id": str(n)}) for n in range(4000)}
    shares = [list(drawn.values()).count(one) / 4000 for one in (A, B, "")]
    assert shares == pytest.approx([0.2, 0.3, 0.5], abs=0.03)
    more = Routes((Split(A, 0.4),), "id", "svc:split")
    assert all(more.draw({"id": n}) == A for n, one in drawn.items() if one == A)


@pytest.mark.parametrize("unit", [None, 1.5, [1], {}])
def test_what_is_no_unit_is_drawn(unit, monkeypatch):
    routes = Routes((Split(A, 0.5),), "id", "s")
    monkeypatch.setattr("random.random", lambda: 0.4)
    assert routes.draw({"id": unit}) == A
    monkeypatch.setattr("random.random", lambda: 0.6)
    assert routes.draw({"id": unit}) == ""


@pytest.mark.parametrize(
    ("payload", "header", "found"),
    [
        ({"a": 1}, None, {"a": 1}),
        ([{"a": 1}], None, {"a": 1}),
        ([{"a": 1, "b": 2}, {"a": 1, "b": 3}], None, {"a": 1}),
        ({"a": [1, 1], "b": [1, 2], "c": 5}, None, {"a": 1}),
        ([1, 2], None, {}),
        ([], None, {}),
        (3, None, {}),
        ({"a": 1}, b'{"a": 2, "c": "x"}', {"a": 2, "c": "x"}),
    ],
)
def test_what_a_request_says_about_who_asks(payload, header, found):
    assert attributes_of(payload, header) == found


@pytest.mark.parametrize("header", [b"[1]", b"{", b"x" * 9000, b"\xff"])
def test_a_header_that_is_no_object_is_refused(header):
    with pytest.raises(InputError, match="X-Attributes"):
        attributes_of({}, header)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"split": {}}, "split is a list"),
        ({"split": [{"when": "name = 'a'"}]}, "has when, a query or an id, and share"),
        ({"split": [{"when": "name = 'a'", "share": 0}]}, "is over 0 and at most 1"),
        ({"split": [{"when": "nonsense ~", "share": 0.1}]}, "split\\[0\\].when: "),
        ({"split": [{"when": 3, "share": 0.1}]}, "is a query or an id"),
        ({"split": [{"when": "abcd", "share": 0.7}], "canary": 0.4}, "give 1.1 of the requests"),
        ({"shadow": "nme = 'x'"}, "shadow: "),
        ({"split_unit": 3}, "name of an attribute"),
        ({"canary": 2}, "canary is a number from 0 to 1"),
    ],
)
def test_options_that_cannot_be(options, words):
    with pytest.raises(RuleError, match=words):
        Options.parse(options)


def test_who_answers_beside(tmp_path, make_bundle):
    with Registry(tmp_path) as registry:
        one, other = (registry.add(make_bundle(name)).id for name in ("one", "other"))
        given = {
            "split": [{"when": "name = 'one'", "share": 0.1}, {"when": "name = 'x'", "share": 0.1}],
            "shadow": other[:8],
            "shadow_share": 0.5,
        }
        company = company_of("svc", A, Options.parse(given), registry, {"arms": [B]})
    assert company.routes.splits == (Split(one, 0.1),)
    assert company.routes.shadows == (Shadow(other, 0.5),)
    assert company.beside(A) == tuple(sorted([one, other, B]))
    assert company.alone() == {other}
    tried = company.with_canary(C, 0.2)
    assert tried.routes.splits == (Split(C, 0.2), Split(one, 0.1))
    less = tried.without({C, other, B})
    assert less == Company(less.routes, ())
    assert less.beside(A) == (one,)


class Model:
    short = "b" * 10

    def __init__(self, say, wait=None):
        self.say, self.wait, self.asked = say, wait, 0

    def answer(self, question):
        if self.wait is not None:
            self.wait.wait(30)
        self.asked += 1
        if isinstance(self.say, Exception):
            raise self.say
        return self.say


@pytest.mark.parametrize(
    ("say", "word"),
    [
        (Answer(200, b"1.0", 1.0), "same"),
        (Answer(200, b"2.0", 2.0), "different"),
        (Answer(400, b"", None), "failed"),
        (ValueError("x"), "failed"),
        (Unavailable(), "dropped"),
    ],
)
def test_a_shadow_is_compared_and_counted(say, word):
    metrics = Metrics(endpoint="svc", envelope="a" * 10)
    shadowing = Shadowing(metrics)
    shadowing.ask(Shadow(B), Model(say), Question({}, b"{}", "r"), Answer(200, b"1", 1.0))
    shadowing._worker.shutdown(wait=True)
    line = f'shadow_total{{endpoint="svc",envelope="{"b" * 10}",answer="{word}"}} 1'
    assert f"jupyter_lifecycle_{line}" in metrics.text()


def test_a_slow_shadow_gets_what_it_can_and_its_share():
    metrics, gate = Metrics(endpoint="svc", envelope="a"), Event()
    shadowing, model = Shadowing(metrics), Model(Answer(200, b"1", 1), gate)
    for _ in range(70):
        shadowing.ask(Shadow(B), model, Question({}, b"{}", "r"), Answer(200, b"1", 1))
    shadowing.ask(Shadow(B, 0.0), model, Question({}, b"{}", "r"), Answer(200, b"1", 1))
    gate.set()
    shadowing._worker.shutdown(wait=True)
    shadowing.close()
    assert model.asked == 64
    assert 'answer="dropped"} 6\n' in metrics.text()


def test_counts_by_envelope_stand_in_one_family():
    metrics = Metrics(endpoint="svc", envelope="a")
    metrics.count("/predict", 200, 0.01)
    metrics.count("/predict", 500, 0.01, "b")
    text = metrics.text()
    assert text.count("# HELP jupyter_lifecycle_requests_total") == 1
    assert 'requests_total{endpoint="svc",envelope="b",path="/predict",status="500"} 1' in text
    found = metrics.by_envelope()
    assert (found["b"]["requests"], found["b"]["failed"], found["a"]["failed"]) == (1, 1, 0)
    assert metrics.outcomes() == (2, 1)


def test_quantiles_of_a_histogram():
    metrics = Metrics(envelope="a")
    for seconds in [0.004] * 90 + [0.04] * 10:
        metrics.count("/predict", 200, seconds)
    buckets = metrics.by_envelope()["a"]["buckets"]
    assert quantile(buckets, 0.5) == pytest.approx(0.0025 + 0.0025 * 50 / 90)
    assert quantile(buckets, 0.95) == pytest.approx(0.0375)
    assert quantile([0] * 13 + [1], 0.5) == 10.0
    assert json.dumps(quantile([], 0.5)) == "NaN"


def _counts(before, mine):
    return {A[:10]: before, B[:10]: mine}


def _many(n, failed=0, place=2):
    buckets = [0] * 14
    buckets[place] = n
    return {"requests": n, "failed": failed, "buckets": buckets}


@pytest.mark.parametrize(
    ("options", "before", "mine", "ago", "verdict"),
    [
        ({}, _many(100), _many(100), 400, "promote"),
        ({}, _many(100), _many(100), 200, "wait"),
        ({}, _many(100), _many(99), 400, "wait"),
        ({}, _many(100), _many(20, 11), 0, "fail"),
        ({}, _many(100), _many(100, 1), 400, "promote"),
        ({"rollback_latency": 2.0}, _many(100), _many(100, place=4), 400, "fail"),
        ({"rollback_latency": 2.0}, _many(10), _many(100, place=4), 400, "promote"),
        ({"rollback_latency": 20.0}, _many(100), _many(100, place=4), 400, "promote"),
    ],
)
def test_a_canary_is_judged(options, before, mine, ago, verdict):
    given = Options.parse({"canary": 0.1, **options})
    found, fact = canary.judge(given, _counts(before, mine), (A, B), time.time() - ago)
    assert found == verdict
    assert fact


def test_a_canary_that_nobody_asked_yet_waits():
    assert canary.judge(Options.parse({"canary": 0.1}), {}, (A, B), 0.0)[0] == "wait"
