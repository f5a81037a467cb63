"""One suite for a registry that is embedded, behind SQLite's server and behind PostgreSQL's."""

from datetime import UTC, datetime, timedelta

import pytest

from jupyter_lifecycle.errors import (
    ConflictError,
    IntegrityError,
    InvalidValueError,
    NotFoundError,
    QueryError,
    RegistryError,
    TrustError,
)
from jupyter_lifecycle.registry import STEPS, Registry, Rule, Step, confusion_matrix, roc_curve


@pytest.fixture(params=["embedded", "sqlite", "postgresql"])
def registry(request, tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_LIFECYCLE_HOME", str(tmp_path / "home"))
    if request.param == "embedded":
        found = Registry(tmp_path / "embedded")
    else:
        url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
        address, token = request.getfixturevalue("registry_server")(url)
        found = Registry(address, token=token("admin"), trust=True)
    with found:
        yield found


# -- envelopes


def test_a_new_registry_is_empty(registry):
    assert list(registry.search()) == []
    assert registry.count() == 0
    assert registry.names() == ()
    assert registry.rules() == registry.wants() == registry.endpoints() == ()
    with pytest.raises(
        NotFoundError, match=r"No envelope matches anything\. The registry is empty"
    ):
        registry.latest()


def test_what_is_added_is_found_again(registry, make_bundle):
    bundle = make_bundle("ltv", inputs={"age": "integer"}, packages={"numpy": "2.4.0"})
    before = datetime.now(UTC)
    added = registry.add(
        bundle, tags={"team": "x", "ключ": "да"}, metrics={"mae": 1.5}, author="Ana"
    )

    found = registry.get(added.short_id)

    assert not added.existed
    assert found.record == added.record
    assert found.id == bundle.id
    assert (found.name, found.author, found.size) == ("ltv", "Ana", bundle.size)
    assert dict(found.tags) == {"team": "x", "ключ": "да"}
    assert dict(found.metrics) == {"mae": 1.5}
    assert dict(found.manifest) == bundle.manifest.to_json()
    assert found.schema == bundle.schema
    assert (
        before - timedelta(seconds=5) < found.created_at < datetime.now(UTC) + timedelta(seconds=5)
    )
    assert registry.names() == ("ltv",)
    assert registry.keys("tags") == ("team", "ключ")
    assert registry.keys("metrics") == ("mae",)


def test_the_same_content_again_is_the_same_envelope(registry, make_bundle):
    first = registry.add(make_bundle(salt="a"), tags={"a": "1"}, metrics={"mae": 1.0})
    again = registry.add(make_bundle(salt="a"), tags={"b": "2"}, metrics={"mae": 1.0, "auc": 0.5})

    assert again.existed
    assert again.id == first.id
    assert dict(again.tags) == {"a": "1", "b": "2"}
    assert dict(again.metrics) == {"auc": 0.5, "mae": 1.0}
    assert registry.count() == 1
    assert len(registry.metric_history(first.id, "mae")) == 1
    saved = [event for event in registry.events() if event.kind == "envelope.saved"]
    assert len(saved) == 1


def test_files_come_back_as_they_were(registry, make_bundle):
    bundle = make_bundle(files={"features/a.py": b"x = 1\n", "empty": b"", "big": bytes(3_000_000)})
    added = registry.add(bundle)

    back = registry.bundle(added.short_id)

    back.verify_files()
    assert back.id == bundle.id
    assert (back.path / "features/a.py").read_bytes() == b"x = 1\n"
    assert registry.bundle(added.id).path == back.path


def test_only_what_is_missing_is_sent(registry, make_bundle):
    def sent_for(bundle):
        seen = []
        registry.add(bundle, progress=lambda done, total: seen.append((done, total)))
        return seen

    first = sent_for(make_bundle(salt="a", files={"big": bytes(2_000_000)}))
    second = sent_for(make_bundle(salt="b", files={"big": bytes(2_000_000)}))

    assert first[-1][0] == first[-1][1] > 2_000_000
    assert second[-1] == (len(b"model b"), len(b"model b"))


def test_a_file_that_was_changed_is_refused_and_nothing_is_seen(registry, make_bundle):
    bundle = make_bundle()
    (bundle.path / "model.pkl").write_bytes(b"another")
    with pytest.raises(IntegrityError, match=r"not .*: it was changed or cut on the way"):
        registry.add(bundle)
    assert registry.count() == 0


def test_an_id_that_is_not_there_or_not_one(registry, make_bundle):
    added = registry.add(make_bundle())
    other = "0000" if not added.id.startswith("0000") else "1111"
    with pytest.raises(NotFoundError, match=f"There is no envelope {other}"):
        registry.get(other)
    for text in ("abc", "ltv", "../x", "", "g" * 40):
        with pytest.raises(NotFoundError, match="no envelope's id"):
            registry.get(text)
    assert registry.get(added.id[:12].upper()) == added


def test_an_id_that_several_share(registry, make_bundle):
    by_start = {}
    for index in range(1500):
        bundle = make_bundle(salt=str(index))
        start = bundle.id[:4]
        if start in by_start:
            break
        by_start[start] = bundle
    pair = [registry.add(by_start[start]), registry.add(bundle)]

    with pytest.raises(ConflictError, match=f"Several envelopes start with {start}") as caught:
        registry.get(start)

    assert sorted(caught.value.detail["candidates"]) == sorted(one.id for one in pair)
    assert registry.get(pair[0].id) == pair[0]


# -- tags and metrics


def test_tags_and_their_history(registry, make_bundle):
    envelope = registry.add(make_bundle(), tags={"team": "x"})
    envelope.tag(approved="yes", team="y").tag({"odd key": "1"})
    envelope.untag("approved", "never there")
    envelope.tag(team="y")

    assert dict(envelope.tags) == {"odd key": "1", "team": "y"}
    assert dict(envelope.refresh().tags) == {"odd key": "1", "team": "y"}
    assert [(c.key, c.before, c.after) for c in envelope.history()] == [
        ("team", None, "x"),
        ("approved", None, "yes"),
        ("team", "x", "y"),
        ("odd key", None, "1"),
        ("approved", "yes", None),
    ]
    assert all(change.at.tzinfo is not None and change.author for change in envelope.history())


def test_a_tag_changes_only_from_what_is_expected(registry, make_bundle):
    envelope = registry.add(make_bundle(), tags={"stage": "new"})
    registry.tag(envelope.id, {"stage": "old"}, expect={"stage": "new", "other": None})

    with pytest.raises(ConflictError, match="there is stage = 'old' now"):
        registry.tag(envelope.id, {"stage": "x", "more": "y"}, expect={"stage": "new"})
    with pytest.raises(ConflictError, match="there is no tag other now"):
        registry.tag(envelope.id, {"stage": "x"}, expect={"other": "y"})

    assert dict(envelope.refresh().tags) == {"stage": "old"}


def test_metrics_and_their_history(registry, make_bundle):
    envelope = registry.add(make_bundle(), metrics={"loss": 3.0})
    for step, loss in enumerate((2.0, 0.1, 1.0)):
        envelope.log_metrics(loss=loss, step=step)
    envelope.log_metrics({"val/auc": 1})

    assert dict(envelope.metrics) == {"loss": 1.0, "val/auc": 1.0}
    points = envelope.metric_history("loss")
    assert [(point.value, point.step) for point in points] == [
        (3.0, None),
        (2.0, 0),
        (0.1, 1),
        (1.0, 2),
    ]
    assert (
        registry.count("metrics.loss = 1 and metrics.loss.max = 3 and metrics.loss.min = 0.1") == 1
    )
    assert registry.count("metrics.loss.first = 3 and metrics.`val/auc` = 1") == 1


@pytest.mark.parametrize(
    ("tags", "metrics", "message"),
    [
        ({"n": 3}, {}, r"Tag 'n' is 3, and tags are text\. Write n='3'"),
        ({"": "x"}, {}, "key is text"),
        ({"a\nb": "x"}, {}, "printable"),
        ({"a": "x\0"}, {}, "NUL"),
        ({"a": "x" * 5_001}, {}, "5,000 are taken"),
        ({"k" * 201: "x"}, {}, "at most 200"),
        ({}, {"m": float("nan")}, "finite number"),
        ({}, {"m": float("inf")}, "finite number"),
        ({}, {"m": "3"}, "metrics are numbers"),
        ({str(n): "x" for n in range(501)}, {}, "too many"),
    ],
)
def test_tags_and_metrics_that_cannot_be(registry, make_bundle, tags, metrics, message):
    with pytest.raises(InvalidValueError, match=message):
        registry.add(make_bundle(), tags=tags, metrics=metrics)
    assert registry.count() == 0


# -- search


@pytest.fixture
def filled(registry, make_bundle):
    rows = [
        ("ltv", {"region": "us", "team": "A"}, {"auc": 0.7}),
        ("ltv", {"region": "uk"}, {"auc": 0.9, "mae": 2.0}),
        ("ltv", {"region": "us", "retired": "yes"}, {}),
        ("Churn", {"team": "É%_"}, {"auc": 0.8}),
        ("straße", {}, {}),
    ]
    for index, (name, tags, metrics) in enumerate(rows):
        bundle = make_bundle(
            name,
            inputs={"age": "integer", f"x{index}": "number"},
            packages={"Scikit_Learn": "1.5" if index < 2 else "1.6"},
            python="3.11.9" if index else "3.12.1",
        )
        registry.add(bundle, tags=tags, metrics=metrics, author=f"user {index % 2}")
    return registry


QUERIES = [
    ("", ["straße", "Churn", "ltv 2", "ltv 1", "ltv 0"]),
    ("name = 'ltv'", ["ltv 2", "ltv 1", "ltv 0"]),
    ("name != 'ltv'", ["straße", "Churn"]),
    ("tags.region in ('us', 'uk') and metrics.auc > 0.8", ["ltv 1"]),
    ("tags.region = 'us' and not tags.retired", ["ltv 0"]),
    ("tags.region != 'us'", ["straße", "Churn", "ltv 1"]),
    ("tags.region not in ('us')", ["straße", "Churn", "ltv 1"]),
    ("tags.region is null", ["straße", "Churn"]),
    ("not (tags.region < 'v')", ["straße", "Churn"]),
    ("exists metrics.auc order by metrics.auc", ["ltv 0", "Churn", "ltv 1"]),
    ("order by metrics.auc desc", ["ltv 1", "Churn", "ltv 0", "straße", "ltv 2"]),
    ("order by metrics.auc", ["ltv 0", "Churn", "ltv 1", "straße", "ltv 2"]),
    ("order by tags.region desc, metrics.auc", ["ltv 0", "ltv 2", "ltv 1", "Churn", "straße"]),
    ("name like 'l%'", ["ltv 2", "ltv 1", "ltv 0"]),
    ("name like 'L%'", []),
    ("name ilike 'STRASSE'", ["straße"]),
    ("name ilike 'c_URN'", ["Churn"]),
    ("tags.team ilike 'é\\%\\_'", ["Churn"]),
    ("tags.team like '%\\'", []),
    ("name not like '%t%'", ["Churn"]),
    ("author = 'user 1'", ["Churn", "ltv 1"]),
    ("input.x3.type = 'number'", ["Churn"]),
    ("input.x3", ["Churn"]),
    ("input.age.type = 'number'", []),
    ("output.type = 'number' and output.value.type = 'number' and name='Churn'", ["Churn"]),
    ("package.scikit-learn = '1.5'", ["ltv 1", "ltv 0"]),
    ("package.scikit.learn != '1.5'", ["straße", "Churn", "ltv 2"]),
    ("exists package.numpy", []),
    ("python like '3.12%'", ["ltv 0"]),
    ("created_at > '2020-01-01' and created_at < '2020-01-02'", []),
    ("size > 1 and size <= 1e9 and name = 'Churn'", ["Churn"]),
]


def test_queries(filled):
    def found_by(query):
        for one in filled.search(query):
            version = one.manifest["schema"]["inputs"][1]["name"][1:]
            yield f"ltv {version}" if one.name == "ltv" else one.name

    wrong = {query: got for query, names in QUERIES if (got := list(found_by(query))) != names}
    assert wrong == {}
    for query, names in QUERIES:
        assert filled.count(query.partition("order by")[0]) == len(names), query


def test_latest_and_which_condition_removes_all(filled):
    assert filled.latest("name = 'ltv'").metrics == {}
    assert filled.latest("name = 'ltv' order by metrics.auc desc").metrics["auc"] == 0.9
    with pytest.raises(
        NotFoundError, match=r"None has tags\.regon = 'us'\. Did you mean tags\.region\?"
    ):
        filled.latest("name = 'ltv' and tags.regon = 'us'")
    with pytest.raises(NotFoundError, match="Each condition matches some, but none matches all"):
        filled.latest("name = 'Churn' and tags.region = 'us'")


def test_a_field_that_is_none_says_which_was_meant(filled):
    with pytest.raises(
        QueryError, match=r"no field auc \(position 4\)\. Did you mean metrics\.auc"
    ) as caught:
        filled.search("not auc > 3")
    assert caught.value.detail["position"] == 4
    with pytest.raises(QueryError, match=r"Did you mean tags\.region\?"):
        filled.search("regoin = 'us'")
    with pytest.raises(QueryError, match=r"too many|more than 200"):
        filled.search(" and ".join(["tags.a = 'x'"] * 201))


@pytest.mark.parametrize(
    "order", ["", "order by metrics.auc desc", "order by tags.region, name desc"]
)
def test_pages_are_stable_under_writes(filled, make_bundle, order):
    whole = [one.id for one in filled.search(order)]
    seen, cursor = [], None
    while True:
        page = filled.search(order, limit=2, cursor=cursor)
        seen += [one.id for one in page]
        if page.cursor is None:
            break
        cursor = page.cursor
        filled.add(make_bundle("new"), tags={"region": "a"}, metrics={"auc": 1.0})
    assert [one for one in seen if one in whole] == whole
    assert len(seen) == len(set(seen))


def test_envelopes_are_skipped_and_not_read(filled):
    whole = [one.id for one in filled.search("")]
    assert [one.id for one in filled.search("", limit=2, skip=1)] == whole[1:3]
    first = filled.search("", limit=1)
    assert [one.id for one in filled.search("", cursor=first.cursor, skip=1)] == whole[2:]
    assert len(filled.search("", skip=100)) == 0
    with pytest.raises(InvalidValueError, match="can be skipped, not -1"):
        filled.search("", skip=-1)


def test_a_cursor_belongs_to_its_query(filled):
    cursor = filled.search("name = 'ltv'", limit=1).cursor
    for wrong in (cursor[:-3], "", "AAAA", "é", "W10"):
        with pytest.raises(QueryError, match="cursor does not belong"):
            filled.search("name = 'ltv'", cursor=wrong)
    with pytest.raises(QueryError, match="cursor does not belong"):
        filled.search("name != 'ltv'", cursor=cursor)


@pytest.mark.parametrize("limit", [0, -1, 1_001])
def test_a_page_has_a_size(registry, limit):
    with pytest.raises(InvalidValueError, match="A page has 1 to 1,000"):
        registry.search(limit=limit)


# -- rules

RULE = Rule("ltv", when="name = 'ltv' and tags.approved = 'yes'")


def want_of(registry, endpoint="ltv"):
    return next((want for want in registry.wants() if want.endpoint == endpoint), None)


def test_a_rule_follows_tags(registry, make_bundle):
    first, second = (registry.add(make_bundle("ltv")) for _ in range(2))
    written = registry.set_rule(RULE)
    assert (written.version, want_of(registry).envelope) == (1, None)

    first.tag(approved="yes")
    assert want_of(registry).envelope == first.id
    assert want_of(registry).because == f"tags.approved = 'yes' became true for {first.short_id}"

    second.tag(approved="yes")
    assert want_of(registry).envelope == second.id

    second.untag("approved")
    assert want_of(registry).envelope == first.id
    assert f"; {first.short_id} is the next best" in want_of(registry).because

    first.tag(approved="no")
    assert want_of(registry).envelope is None
    assert want_of(registry).because.endswith("; nothing else matches")


def test_a_rule_follows_saves_and_metrics(registry, make_bundle):
    registry.set_rule(Rule("best", when="name = 'ltv'", order_by="metrics.mae, created_at"))
    first = registry.add(make_bundle("ltv"), metrics={"mae": 2.0})
    assert want_of(registry, "best").because == f"{first.short_id} was saved and matches"
    second = registry.add(make_bundle("ltv"), metrics={"mae": 3.0})
    registry.add(make_bundle("other"), metrics={"mae": 0.0})
    assert want_of(registry, "best").envelope == first.id

    first.log_metrics(mae=4.0)
    assert want_of(registry, "best").envelope == second.id
    assert "changed its place in the order by metrics.mae" in want_of(registry, "best").because

    registry.add(make_bundle("ltv", salt="third"))
    assert want_of(registry, "best").envelope == second.id


def test_what_a_change_does_not_touch_is_not_decided_again(registry, make_bundle):
    envelope = registry.add(make_bundle("ltv"), tags={"approved": "yes"})
    registry.set_rule(RULE)
    since = want_of(registry).since
    seen = registry.events()[-1].seq
    envelope.tag(note="x")
    envelope.log_metrics(mae=1)
    assert want_of(registry).since == since
    assert [event.kind for event in registry.events(after=seen)] == ["tag.changed", "metric.logged"]


def test_a_preview_says_what_would_move_and_writes_nothing(registry, make_bundle):
    envelope = registry.add(make_bundle("ltv"))
    registry.set_rule(RULE)
    registry.set_rule(Rule("other", when="tags.other"))
    before = registry.events()

    preview = registry.preview(envelope.id, {"approved": "yes", "note": "x"})

    (change,) = preview.changes
    assert (change.endpoint, change.before, change.after) == ("ltv", None, envelope.id)
    assert change.because == f"tags.approved = 'yes' became true for {envelope.short_id}"
    assert change.rule.version == 1
    assert preview.rules_checked == 2
    assert registry.preview(envelope.id, {"note": "x"}).changes == ()
    assert registry.preview(envelope.id, {}, ["approved"]).changes == ()
    assert registry.events() == before
    assert dict(envelope.refresh().tags) == {}
    assert want_of(registry).envelope is None


def test_a_rule_can_be_previewed(registry, make_bundle):
    envelope = registry.add(make_bundle("ltv"), tags={"approved": "yes"})
    before = registry.events()
    (change,) = registry.preview_rule(RULE).changes
    assert (change.before, change.after, change.rule.version) == (None, envelope.id, 1)
    assert registry.preview_rule(Rule("ltv", when="name = 'x'")).changes == ()
    assert registry.rules() == registry.endpoints() == ()
    assert registry.events() == before


def test_versions_of_a_rule_count_on_after_it_was_removed(registry, make_bundle):
    registry.add(make_bundle("ltv"), tags={"approved": "yes"})
    registry.set_rule(RULE)
    again = registry.set_rule(
        Rule("ltv", when="name = 'ltv'", on_none="retire", options={"a": [1]})
    )
    assert (again.version, again.options, again.on_none) == (2, {"a": [1]}, "retire")
    assert registry.rules() == (again,)
    assert want_of(registry).rule_version == 2

    registry.remove_rule("ltv")
    assert registry.rules() == registry.wants() == ()
    assert registry.endpoint("ltv").rule is None
    with pytest.raises(NotFoundError, match="There is no rule for an endpoint ltw"):
        registry.remove_rule("ltw")
    assert registry.set_rule(RULE).version == 3


@pytest.mark.parametrize(
    ("rule", "error", "message"),
    [
        (Rule("LTV!", when=""), InvalidValueError, "'ltv' would do"),
        (Rule("x" * 64, when=""), InvalidValueError, "up to 63"),
        (Rule("ltv", when="tags.x =="), QueryError, r"when of the rule for ltv: .*One = is enough"),
        (Rule("ltv", when="tags.x order by name"), QueryError, "order does not belong here"),
        (
            Rule("ltv", when="", order_by="bogus desc"),
            QueryError,
            r"order_by of the rule .* \(position 0\)",
        ),
        (Rule("ltv", when="", options={"x": float("nan")}), RegistryError, "JSON"),
        (Rule("ltv", when="", options={"x": "y" * 100_001}), InvalidValueError, "100,000"),
        (Rule("ltv", when="", on_none="explode"), RegistryError, "on_none|keep"),
    ],
)
def test_rules_that_cannot_be(registry, rule, error, message):
    with pytest.raises(error, match=message):
        registry.set_rule(rule)
    with pytest.raises(error, match=message):
        registry.preview_rule(rule)
    assert registry.rules() == ()


# -- endpoints and deployments


def test_an_endpoint_from_first_rule_to_serving(registry, make_bundle):
    first = registry.add(make_bundle("ltv"), tags={"approved": "yes"})
    registry.set_rule(RULE)
    assert registry.endpoint("ltv").state == "waiting"

    attempt = registry.start_deployment("ltv", first.id, 1)
    assert [step.name for step in attempt.steps] == list(STEPS)
    assert (attempt.state, attempt.envelope) == ("running", first.id)
    assert registry.endpoint("ltv").state == "deploying"

    steps = [Step("decide", "done", 0.1, "one matches"), Step("build", "failed", 3.0, "no wheel")]
    failed = registry.update_deployment(
        attempt.id, state="failed", steps=steps, reason="numpy has no wheel.", log=["a", "b"]
    )
    assert (failed.steps, failed.log, failed.reason) == (
        tuple(steps),
        ("a", "b"),
        "numpy has no wheel.",
    )
    record = registry.endpoint("ltv")
    assert (record.state, record.failure, record.last_deployment) == (
        "failed",
        failed.reason,
        failed,
    )

    retry = registry.start_deployment("ltv", first.id, 1)
    registry.update_deployment(retry.id, state="serving")
    record = registry.set_endpoint(
        "ltv", serving=first.id, address="http://127.0.0.1:1", state="serving"
    )
    assert (record.state, record.serving, record.address) == (
        "serving",
        first.id,
        "http://127.0.0.1:1",
    )
    assert record.serving_since is not None
    assert [one.id for one in registry.deployments("ltv")] == [retry.id, attempt.id]
    assert len(registry.deployments("ltv", limit=1)) == 1

    first.untag("approved")
    assert registry.endpoint("ltv").state == "unmatched"
    assert registry.set_endpoint("ltv", serving=None, state="retired").state == "retired"
    first.tag(approved="yes")
    assert registry.endpoint("ltv").state == "waiting"
    registry.set_endpoint("ltv", serving=first.id, state="down", failure="It does not answer.")
    record = registry.endpoint("ltv")
    assert (record.state, record.failure) == ("down", "It does not answer.")
    assert registry.set_endpoint("ltv", state=None, failure="").state == "serving"
    assert registry.endpoints() == (registry.endpoint("ltv"),)


def test_deployments_that_cannot_be(registry, make_bundle):
    envelope = registry.add(make_bundle("ltv"))
    with pytest.raises(NotFoundError, match="There is no endpoint ltv"):
        registry.start_deployment("ltv", envelope.id, 1)
    registry.set_rule(RULE)
    with pytest.raises(NotFoundError, match="There is no envelope 00000"):
        registry.start_deployment("ltv", "0" * 40, 1)
    with pytest.raises(NotFoundError, match="There is no deployment zz"):
        registry.update_deployment("zz", state="failed")
    attempt = registry.start_deployment("ltv", envelope.id, 1)
    with pytest.raises(RegistryError):
        registry.update_deployment(attempt.id, state="bogus")
    with pytest.raises(RegistryError):
        registry.update_deployment(attempt.id, steps=[Step("bogus", "done")])
    with pytest.raises(NotFoundError, match=r"There is no endpoint ltw\. Did you mean ltv\?"):
        registry.endpoint("ltw")
    with pytest.raises(RegistryError):
        registry.set_endpoint("ltv", state="bogus")
    with pytest.raises(RegistryError, match="Nothing to set"):
        registry.set_endpoint("ltv")
    with pytest.raises(NotFoundError):
        registry.set_endpoint("ltw", state="down")


def test_leases(registry):
    assert registry.lease_holder("deployer") is None
    assert registry.lease("deployer", "a", 60)
    assert registry.lease("deployer", "a", 60)
    assert not registry.lease("deployer", "b", 60)
    assert registry.lease_holder("deployer") == "a"
    registry.release("deployer", "b")
    assert registry.lease_holder("deployer") == "a"
    registry.release("deployer", "a")
    assert registry.lease("deployer", "b", 1e-6)
    assert registry.lease("deployer", "a", 60)
    for seconds in (0, -1, 86_401):
        with pytest.raises(InvalidValueError, match="up to a day"):
            registry.lease("deployer", "a", seconds)


def test_what_a_field_holds_and_what_may_come_next(registry, make_bundle):
    for salt in "ab":
        registry.add(make_bundle("ltv", salt=salt), tags={"team": salt}, metrics={"mae": 1.5})
    assert registry.facet("tags.team").values == (("a", 1), ("b", 1))
    assert registry.facet("tags.team", "b", limit=5).values == (("b", 1),)
    mae = registry.facet("metrics.mae")
    assert (mae.count, mae.low, mae.high) == (2, 1.5, 1.5)
    offered = registry.complete("tags.team = ").suggestions
    assert [one.text for one in offered] == ["'a'", "'b'"]


def test_a_pin_holds_an_endpoint_until_it_is_let_go(registry, make_bundle):
    registry.set_rule(Rule("ltv", when="tags.ok"))
    old = registry.add(make_bundle("ltv", salt="a"), tags={"ok": "yes"})
    new = registry.add(make_bundle("ltv", salt="b"), tags={"ok": "yes"})
    (wanted,) = registry.wants()
    assert wanted.envelope == new.id

    preview = registry.preview_pin("ltv", old)
    assert [(one.before, one.after) for one in preview.changes] == [(new.id, old.id)]
    assert registry.endpoint("ltv").pin is None

    record = registry.pin("ltv", old.short_id)
    assert (record.pin.envelope, record.want.envelope) == (old.id, old.id)
    assert record.pin.author
    assert record.pin.at.tzinfo is not None
    assert record.want.because == f"pinned by {record.pin.author}"

    newest = registry.add(make_bundle("ltv", salt="c"), tags={"ok": "yes"})
    registry.tag(old.id, {}, ["ok"])
    registry.set_rule(Rule("ltv", when="tags.ok", order_by="name"))
    held = registry.endpoint("ltv")
    assert held.want.envelope == old.id
    assert "pinned by" in held.want.because
    assert registry.pin("ltv", old) == held

    assert registry.preview_pin("ltv", None).changes[0].after in {new.id, newest.id}
    registry.set_rule(Rule("ltv", when="tags.ok"))
    freed = registry.unpin("ltv")
    assert (freed.pin, freed.want.envelope) == (None, newest.id)
    assert registry.unpin("ltv") == freed
    told = [event for event in registry.events(limit=1_000) if event.kind == "pin.changed"]
    assert [dict(event.payload) for event in told] == [
        {"before": None, "after": old.id},
        {"before": old.id, "after": None},
    ]


def test_a_pin_goes_with_its_rule(registry, make_bundle):
    registry.set_rule(Rule("ltv", when="tags.ok"))
    envelope = registry.add(make_bundle("ltv"))
    registry.pin("ltv", envelope)
    registry.remove_rule("ltv")
    assert registry.endpoint("ltv").pin is None
    with pytest.raises(NotFoundError, match="No rule makes an endpoint ltv"):
        registry.pin("ltv", envelope)
    registry.set_rule(Rule("ltv", when="tags.ok"))
    assert registry.endpoint("ltv").want.envelope is None
    with pytest.raises(NotFoundError, match=r"No rule makes an endpoint ltw, .* ltv\?"):
        registry.unpin("ltw")
    with pytest.raises(NotFoundError):
        registry.pin("ltv", "abcdef")


def test_what_was_served_before_is_what_switched(registry, make_bundle):
    registry.set_rule(Rule("ltv", when="tags.ok"))
    ids = [registry.add(make_bundle("ltv", salt=salt)).id for salt in "abc"]
    assert registry.served_before("ltv") is None
    for id_, done in zip(ids, (True, False, True), strict=True):
        attempt = registry.start_deployment("ltv", id_, 1)
        steps = [Step("switch", "done" if done else "waiting")]
        registry.update_deployment(attempt.id, state="replaced", steps=steps)
    registry.set_endpoint("ltv", serving=ids[2], state="serving")
    assert registry.served_before("ltv") == ids[0]
    registry.set_endpoint("ltv", serving=ids[0])
    assert registry.served_before("ltv") == ids[2]


def test_events_come_in_order_and_from_where_one_stopped(registry, make_bundle):
    start = registry.events(limit=1_000)
    first = start[-1].seq if start else 0
    envelope = registry.add(make_bundle("ltv"), tags={"a": "1"}, metrics={"m": 1})
    registry.set_rule(Rule("ltv", when="tags.a"))
    envelope.untag("a")
    events = registry.events(after=first)
    assert [(event.kind, event.subject) for event in events] == [
        ("envelope.saved", envelope.id),
        ("tag.changed", envelope.id),
        ("metric.logged", envelope.id),
        ("rule.changed", "ltv"),
        ("want.changed", "ltv"),
        ("tag.changed", envelope.id),
        ("want.changed", "ltv"),
    ]
    assert registry.events(after=events[2].seq, limit=2) == events[3:5]
    assert events[1].payload == {"set": {"a": "1"}, "unset": [], "before": {}}
    assert all(event.at.tzinfo is not None and event.author for event in events)


def test_a_model_is_loaded_only_from_where_it_is_trusted(registry, make_bundle):
    envelope = registry.add(make_bundle())
    registry.trust = False
    with pytest.raises(
        TrustError, match=r"which you have not trusted\. To trust it: jupyter lifecycle trust"
    ):
        envelope.load()
    with pytest.raises(TrustError):
        envelope.predict({"age": 1})


# -- deleting


def everything(envelope):
    return envelope.record, envelope.history(), envelope.metric_history("mae")


def test_what_was_deleted_is_found_by_nobody_and_comes_back_whole(registry, make_bundle):
    bundle = make_bundle("ltv")
    kept, gone = registry.add(make_bundle("ltv")), registry.add(bundle, metrics={"mae": 2.0})
    gone.tag(team="Straße")
    gone.tag(team="straße", note="x")
    gone.untag("note")
    gone.log_metrics(mae=1.5, step=3)
    before = everything(gone.refresh())

    deleted = registry.delete(gone.short_id)

    assert (deleted.id, deleted.name, deleted.size) == (gone.id, "ltv", gone.size)
    assert registry.deleted() == (deleted,)
    assert [one.id for one in registry.search("name = 'ltv'")] == [kept.id]
    assert registry.count() == registry.count("tags.team or name = 'ltv'") == 1
    assert registry.keys("tags") == registry.keys("metrics") == ()
    for ask in (registry.get, registry.delete, registry.bundle):
        with pytest.raises(NotFoundError, match=f"There is no envelope {gone.short_id}"):
            ask(gone.id)
    with pytest.raises(NotFoundError):
        registry.tag(gone.id, {"a": "b"})

    back = registry.restore(gone.short_id)

    assert everything(back) == before
    assert registry.count("tags.team ilike 'STRASSE' and metrics.mae.at(3) = 1.5") == 1
    assert registry.deleted() == ()
    assert registry.bundle(back.id).manifest == bundle.manifest
    kinds = [event.kind for event in registry.events(limit=1_000) if event.subject == gone.id]
    assert kinds[-2:] == ["envelope.deleted", "envelope.restored"]
    with pytest.raises(NotFoundError, match="in the trash"):
        registry.restore(gone.id)


def test_saving_it_again_brings_it_back_with_its_history(registry, make_bundle):
    bundle = make_bundle("ltv", salt="a")
    first = registry.add(bundle, tags={"team": "x"})
    registry.delete(first.id)
    again = registry.add(bundle, tags={"team": "y"})
    assert again.existed
    assert [change.after for change in again.history()] == ["x", "y"]
    assert registry.deleted() == ()


def test_what_is_served_or_wanted_is_not_deleted(registry, make_bundle):
    first = registry.add(make_bundle("ltv"), tags={"approved": "yes"})
    registry.set_rule(RULE)
    registry.set_endpoint("ltv", serving=first.id)
    with pytest.raises(ConflictError, match=r"was not deleted: ltv should serve it\. Change"):
        registry.delete(first.id)
    second = registry.add(make_bundle("ltv"), tags={"approved": "yes"})
    with pytest.raises(ConflictError, match="was not deleted: ltv serves it"):
        registry.delete(first.id)
    registry.pin("ltv", first.id)
    with pytest.raises(ConflictError, match="was not deleted: ltv is pinned to it"):
        registry.delete(first.id)
    registry.unpin("ltv")
    registry.set_endpoint("ltv", serving=second.id)
    registry.delete(first.id)

    registry.restore(first.id)
    assert want_of(registry).envelope == second.id


def test_a_rule_sees_what_comes_back(registry, make_bundle):
    only = registry.add(make_bundle("ltv"), tags={"approved": "yes"})
    registry.delete(only.id)
    registry.set_rule(RULE)
    assert want_of(registry).envelope is None
    registry.restore(only.id)
    assert want_of(registry).envelope == only.id


def test_collecting_removes_what_is_long_deleted_and_nothing_else(registry, make_bundle):
    shared = {"shared": b"in both"}
    kept = registry.add(make_bundle("ltv", files={**shared, "kept": b"kept"}))
    gone = registry.add(make_bundle("ltv", files={**shared, "gone": b"gone"}))
    registry.delete(gone.id)
    assert registry.collect(days=1).envelopes == ()
    assert registry.collect(days=0).envelopes == (gone.id,)
    assert registry.deleted() == ()
    with pytest.raises(NotFoundError):
        registry.restore(gone.id)
    assert (registry.bundle(kept.id).path / "shared").read_bytes() == b"in both"
    assert registry.events(limit=1_000)[-1].kind == "trash.purged"
    assert str(registry.collect(days=0)).startswith("Removed for good: 0 envelopes")
    with pytest.raises(InvalidValueError, match="not negative"):
        registry.collect(days=-1)


# -- artifacts and metrics by step


def test_artifacts_are_listed_and_come_back(registry, make_bundle):
    weights = {"a": [1, 2]}
    envelope = registry.add(make_bundle(), artifacts={"notes.md": "# why", "plots/t": weights})
    seen = registry.events()[-1].seq
    envelope.attach("late.bin", b"\x00\x01")

    found = envelope.artifacts

    assert [(one.name, one.kind, one.size) for one in found] == [
        ("notes.md", "file", 5), ("plots/t", "value", 11), ("late.bin", "file", 2)
    ]  # fmt: skip
    assert envelope.artifact("notes.md") == "# why"
    assert envelope.artifact("late.bin") == b"\x00\x01"
    assert envelope.artifact("plots/t") == weights
    assert registry.artifacts(envelope.short_id) == found
    event = registry.events(after=seen)[0]
    assert (event.kind, event.subject) == ("artifact.added", envelope.id)
    assert event.payload["name"] == "late.bin"


def test_an_artifact_never_changes(registry, make_bundle):
    envelope = registry.add(make_bundle(), artifacts={"a": "one"})
    seen = registry.events()[-1].seq
    envelope.attach("a", "one")
    assert registry.events(after=seen) == ()
    with pytest.raises(ConflictError, match="has an artifact a already, with other content"):
        registry.attach(envelope.id, {"b": "new", "a": "two"})
    assert [one.name for one in envelope.artifacts] == ["a"]
    with pytest.raises(InvalidValueError, match=r"'\.\./a' cannot be an artifact's name"):
        envelope.attach("../a", "x")
    with pytest.raises(NotFoundError):
        registry.attach("00000000", {"a": "x"})


def test_rich_metrics_are_numbers_to_queries(registry, make_bundle):
    roc = roc_curve([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1])
    matrix = confusion_matrix(["a", "b"], ["a", "a"])
    envelope = registry.add(make_bundle("m"), metrics={"roc": roc, "loss": [3.0, 1.0, 2.0]})
    envelope.log_metrics(confusion=matrix, late={5: 0.5, 9: 0.25})

    assert dict(envelope.metrics) == {
        "confusion": 0.5, "late": 0.25, "loss": 2.0, "roc": roc.area
    }  # fmt: skip
    assert envelope.artifact("metrics/roc") == roc
    assert envelope.artifact("metrics/confusion") == matrix
    assert [(one.step, one.value) for one in envelope.metric_history("loss")] == [
        (0, 3.0), (1, 1.0), (2, 2.0)
    ]  # fmt: skip
    assert registry.latest("metrics.loss.min = 1 and metrics.loss.at(0) = 3").id == envelope.id
    assert registry.count("metrics.roc > 0.7 and metrics.late.max = 0.5") == 1
    envelope.log_metrics(loss={3: 0.5})
    assert registry.count("metrics.loss.min = 0.5 and metrics.loss.first = 3") == 1
    with pytest.raises(InvalidValueError, match="step= goes with numbers"):
        envelope.log_metrics(loss=[1.0], step=3)
    again = registry.add(make_bundle("m", salt="2"), metrics={"loss": [3.0]})
    registry.add(make_bundle("m", salt="2"), metrics={"loss": [3.0]})
    assert len(again.metric_history("loss")) == 1


def test_artifacts_go_into_the_trash_and_come_back(registry, make_bundle):
    envelope = registry.add(make_bundle(), artifacts={"a": "kept"})
    registry.delete(envelope.id)
    registry.collect(days=1)
    again = registry.restore(envelope.id)
    assert again.artifact("a") == "kept"


def test_a_rule_sees_a_series(registry, make_bundle):
    registry.set_rule(Rule("best", when="metrics.auc > 0.9"))
    envelope = registry.add(make_bundle())
    envelope.log_metrics(auc=[0.5, 0.95])
    assert registry.wants()[0].envelope == envelope.id
