"""Records speak in sentences where a notebook shows them."""

from __future__ import annotations

import pytest
from IPython.lib.pretty import pretty

from jupyter_lifecycle.registry.records import EndpointChange, Preview, Rule

RULE = Rule(endpoint="ltv", when="tags.approved = 'yes'")


def change(before: str | None, after: str | None) -> EndpointChange:
    return EndpointChange("ltv", "local", before, after, RULE, "tags.approved = 'yes' became true")


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (
            RULE,
            (
                "ltv on local serves the first match of tags.approved = 'yes' order by created_at desc; "
                "where none is left it keeps the last one."
            ),
        ),
        (
            Rule("ltv", "name = 'a'", on_none="retire"),
            "ltv on local serves the first match of name = 'a' order by created_at desc; where none is left it is retired.",
        ),
        (Preview((), 0), "This changes nothing: there is no rule."),
        (Preview((), 2), "This changes nothing: no rule asks for it."),
        (
            Preview((change(None, "a" * 40),), 1),
            "This moves one endpoint:\n  ltv on local: nothing → aaaaaaaaaa, because tags.approved = 'yes' became true",
        ),
        (
            Preview((change("a" * 40, "b" * 40), change("b" * 40, None)), 2),
            (
                "This moves 2 endpoints:\n"
                "  ltv on local: aaaaaaaaaa → bbbbbbbbbb, because tags.approved = 'yes' became true\n"
                "  ltv on local: bbbbbbbbbb → nothing, because tags.approved = 'yes' became true"
            ),
        ),
    ],
)
def test_a_notebook_shows_sentences(record: object, said: str) -> None:
    assert str(record) == said
    assert pretty(record) == said
