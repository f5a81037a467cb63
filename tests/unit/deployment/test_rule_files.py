"""Rules in files: what is read, what is refused and where, what would change."""

import pytest

from jupyter_lifecycle.deployment.rule_files import plan, read_rules
from jupyter_lifecycle.errors import QueryError, RuleError
from jupyter_lifecycle.registry import Registry, Rule

FILE = """\
rules:
  - endpoint: one
    when: name = 'ltv'
    options:
      capture: 0.5
  - endpoint: two
    when: "name = 'churn'"
    order_by: metrics.auc desc
    on_none: retire
"""


@pytest.fixture
def file(tmp_path):
    def file(text):
        path = tmp_path / "rules.yaml"
        path.write_text(text)
        return path

    return file


@pytest.fixture
def registry(tmp_path):
    with Registry(tmp_path / "home") as registry:
        yield registry


def test_rules_are_read_with_the_defaults_of_a_rule(file):
    one, two = read_rules(file(FILE))
    assert one == Rule("one", "name = 'ltv'", options={"capture": 0.5})
    assert two == Rule("two", "name = 'churn'", order_by="metrics.auc desc", on_none="retire")
    assert read_rules(file("rules: []")) == ()


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 1, "one word, rules"),
        ("rules: {}", 1, "rules is to be a list"),
        ("rule: []", 1, "one word, rules"),
        ("rules:\n  - x\n", 2, "a rule has endpoint: and when:"),
        ("rules:\n- endpoint: a\n  wehn: b\n", 2, "no wehn. Did you mean when"),
        ("rules:\n- endpoint: a\n", 2, "the rule has no when"),
        ("rules:\n- endpoint: a\n  when: 3\n", 2, "the rule has no when"),
        ("rules:\n- {endpoint: a, when: b, order_by: 1}\n", 2, "order_by is text, not 1"),
        ("rules:\n- {endpoint: a, when: b, target: moon}\n", 2, "no target moon; there is: local"),
        ("rules:\n- {endpoint: a, when: b, on_none: stop}\n", 2, "on_none is keep or retire"),
        ("rules:\n- {endpoint: a, when: b, options: [1]}\n", 2, "options is a mapping"),
        ("rules:\n\n- {endpoint: a, when: b, options: {treads: 1}}\n", 3, "Did you mean threads"),
        ("rules:\n- {endpoint: a, when: b, options: {env: {A: yes}}}\n", 2, "put it in quotes"),
        ("rules:\n- endpoint: a\n  endpoint: b\n", 3, "endpoint stands twice"),
        ("rules:\n- {endpoint: a, when: b}\n- {endpoint: a, when: c}\n", 3, "line 2 already"),
        ("rules: [\n", 2, "no YAML"),
        ("rules: !!python/object:os.system x\n", 1, "no YAML"),
        ("? [a]\n: b\n", 1, "no YAML"),
        ("rules: \a\n", 1, "no YAML"),
    ],
)
def test_what_is_refused_names_its_line(file, text, line, message):
    with pytest.raises(RuleError, match=message) as caught:
        read_rules(file(text))
    assert caught.value.detail["line"] == line
    assert f"rules.yaml, line {line}" in caught.value.message


def test_a_file_that_cannot_be_read_says_so(tmp_path):
    with pytest.raises(RuleError, match=r"nowhere\.yaml cannot be read"):
        read_rules(tmp_path / "nowhere.yaml")


def test_a_file_becomes_the_rules_and_then_changes_nothing(file, registry, make_bundle):
    envelope = registry.add(make_bundle("ltv"))
    registry.set_rule(Rule("old", "name = 'x'"))
    rules = read_rules(file(FILE))
    planned = plan(registry, rules)
    assert [(change.kind, change.endpoint) for change in planned.changes] == [
        ("new", "one"),
        ("new", "two"),
    ]
    text = str(planned)
    assert "+ one\n    when: name = 'ltv'\n    one on local: nothing → " in text
    assert envelope.short_id in text
    assert [rule.endpoint for rule in registry.rules()] == ["old"]
    planned.apply(registry)
    assert [rule.endpoint for rule in registry.rules()] == ["old", "one", "two"]
    again = plan(registry, rules)
    assert again.is_empty
    assert str(again) == "Nothing changes."
    pruned = plan(registry, rules, prune=True)
    assert not pruned.is_empty
    assert str(pruned) == "- old"
    pruned.apply(registry)
    assert [rule.endpoint for rule in registry.rules()] == ["one", "two"]
    assert registry.rules()[0].version == 1


def test_differences_are_shown_part_by_part(file, registry):
    registry.set_rule(Rule("one", "name = 'x'", options={"threads": 2}))
    (change,) = plan(registry, read_rules(file(FILE))[:1]).changes
    assert change.kind == "changed"
    assert change.differences == (
        "when: name = 'x' -> name = 'ltv'",
        "options.capture: (default) -> 0.5",
        "options.threads: 2 -> (default)",
    )


def test_a_query_that_does_not_parse_names_its_endpoint_and_nothing_is_written(file, registry):
    rules = read_rules(file(FILE.replace("name = 'churn'", "name = ")))
    with pytest.raises(QueryError, match="rule for two: The query ends"):
        plan(registry, rules)
    assert registry.rules() == ()
