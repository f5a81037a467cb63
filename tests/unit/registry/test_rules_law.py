"""The law of rules: what is wanted is the pin, else the first match, whatever happened in which order."""

import hashlib
import json
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from jupyter_lifecycle.errors import NotFoundError, QueryError
from jupyter_lifecycle.registry import Registry, Rule
from jupyter_lifecycle.registry.artifacts import put
from jupyter_lifecycle.registry.store import Store

KEYS = st.sampled_from(["a", "b"])
VALUES = st.sampled_from(["x", "y"])
NUMBERS = st.sampled_from([0.0, 1.0, 2.0])
NAMES = st.sampled_from(["ltv", "churn"])
CONDITIONS = st.sampled_from(
    [
        "",
        "tags.a = 'x'",
        "tags.a != 'x'",
        "name = 'ltv' and (tags.a or metrics.m > 1)",
        "not (tags.a = 'x' and tags.b = 'y')",
        "metrics.m.max >= 2 or metrics.n.first = 0",
        "tags.a is null and name = 'churn'",
    ]
)
ORDERS = st.sampled_from(
    [
        "created_at desc",
        "created_at",
        "metrics.m",
        "metrics.m desc, name",
        "tags.b, metrics.n.min desc",
    ]
)
ENDPOINTS = st.sampled_from(["one", "two", "three"])
DATA = b"x"
DIGEST = hashlib.sha256(DATA).hexdigest()


class Rules(RuleBasedStateMachine):
    envelopes = Bundle("envelopes")

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.store = Store.in_folder(self.folder, author="ana")
        put(self.store.artifacts, DIGEST, [DATA])
        self.made = 0

    def teardown(self):
        self.store.close()
        shutil.rmtree(self.folder)

    @rule(
        target=envelopes,
        name=NAMES,
        tags=st.dictionaries(KEYS, VALUES),
        metrics=st.dictionaries(st.sampled_from(["m", "n"]), NUMBERS),
    )
    def add(self, name, tags, metrics):
        self.made += 1
        manifest = {"name": name, "salt": self.made, "files": {"f": {"sha256": DIGEST, "size": 1}}}
        record, existed = self.store.add(json.dumps(manifest).encode(), tags, metrics, None)
        assert not existed
        return record.id

    @rule(id_=envelopes, set_=st.dictionaries(KEYS, VALUES), unset=st.lists(KEYS))
    def tag(self, id_, set_, unset):
        preview = self.store.preview(id_, set_, unset)
        before = {want.endpoint: want.envelope for want in self.store.wants()}
        self.store.tag(id_, set_, unset, None)
        after = {want.endpoint: want.envelope for want in self.store.wants()}
        moved = {name: (before[name], after[name]) for name in after if before[name] != after[name]}
        assert {one.endpoint: (one.before, one.after) for one in preview.changes} == moved

    @rule(id_=envelopes, key=st.sampled_from(["m", "n"]), value=NUMBERS)
    def log(self, id_, key, value):
        self.store.log_metrics(id_, {key: value}, None)

    @rule(endpoint=ENDPOINTS, when=CONDITIONS, order_by=ORDERS)
    def set_rule(self, endpoint, when, order_by):
        self.store.set_rule(Rule(endpoint, when=when, order_by=order_by))

    @rule(endpoint=ENDPOINTS)
    def remove_rule(self, endpoint):
        if any(one.endpoint == endpoint for one in self.store.rules()):
            self.store.remove_rule(endpoint)
        else:
            with pytest.raises(NotFoundError):
                self.store.remove_rule(endpoint)

    @rule(endpoint=ENDPOINTS, id_=st.one_of(st.none(), envelopes))
    def pin(self, endpoint, id_):
        if not any(one.endpoint == endpoint for one in self.store.rules()):
            with pytest.raises(NotFoundError):
                self.store.set_pin(endpoint, id_)
            return
        preview = self.store.preview_pin(endpoint, id_)
        before = self.store.endpoint(endpoint).want.envelope
        after = self.store.set_pin(endpoint, id_).want.envelope
        moved = [(before, after)] if before != after else []
        assert [(one.before, one.after) for one in preview.changes] == moved

    @rule(target=envelopes)
    def nothing(self):
        return multiple()

    @invariant()
    def what_is_wanted_is_the_pin_else_the_first_match(self):
        rules = {one.endpoint: one for one in self.store.rules()}
        wants = {one.endpoint: one for one in self.store.wants()}
        assert rules.keys() == wants.keys()
        for endpoint, one in rules.items():
            page = self.store.search(f"{one.when} order by {one.order_by}", 1, None)
            first = page[0].id if page else None
            held = self.store.endpoint(endpoint).pin
            assert wants[endpoint].envelope == (held.envelope if held else first)
            assert wants[endpoint].rule_version <= one.version
            assert wants[endpoint].because


TestRules = Rules.TestCase
TestRules.settings = settings(max_examples=12, stateful_step_count=20, deadline=None)


@pytest.mark.parametrize(
    "rule",
    [
        Rule("eta", "tags.live and deployment.eta = 'failed'"),
        Rule("eta", "tags.live", order_by="deployment.eta"),
    ],
)
def test_a_rule_does_not_ask_what_rules_decide(rule, tmp_path):
    with Registry(tmp_path) as registry, pytest.raises(QueryError, match="cannot ask for depl"):
        registry.set_rule(rule)
