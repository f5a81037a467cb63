"""The law of the cache: whatever is written and edited, it answers as if it were not there.

Programs are made of pieces: constants, a dict, helpers with defaults, a class with a base, closures,
and features. An edit changes a piece, or only how it's written. What an edit can't reach must hit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_lifecycle.cache import ColumnCache
from jupyter_lifecycle.graph import FeatureGraph
from jupyter_lifecycle.materialise import Materialiser

FORMS = {
    "constant": "{name} = {value}",
    "dict": "{name} = {{'a': [{value}], 'b': {first}}}",
    "helper": "def {name}(v, n={value}):\n    return v * 3 + n + {first} - {second}",
    "class": (
        "class {name}({base}):\n    m = {value}\n"
        "    def f(self, v):\n        return v + self.m + {first} * 5 + {second}"
    ),
    "closure": (
        "def {name}_make(k):\n    def inner(v):\n        return v * k + {first}\n    return inner\n"
        "{name} = {name}_make({value})"
    ),
    "lambda": "{name} = lambda v: [e * {value} + {first} for e in (v, {second})][0]",
    "feature": "def {name}({parents}):\n    return {sum} + {first} * 7 - {second} + {value}",
}
"""How each kind of piece is written; ``first`` and ``second`` are uses of other pieces."""

USES = {
    "constant": "{name}",
    "dict": "{name}['a'][0]",
    "helper": "{name}({given})",
    "class": "{name}().f({given})",
    "closure": "{name}({given})",
    "lambda": "{name}({given})",
}


@dataclass(frozen=True)
class Piece:
    kind: str
    name: str
    value: int
    uses: tuple[int, ...]
    """Pieces before it, by number."""
    parents: tuple[str, ...] = ()
    comment: bool = False

    def write(self, pieces: tuple[Piece, ...]) -> str:
        used = [pieces[each] for each in self.uses]
        terms = [
            USES[each.kind].format(name=each.name, given=number + 2)
            for number, each in enumerate(used)
        ]
        first, second = [*terms, "1", "1"][:2]
        bases = [each.name for each in used if each.kind == "class"]
        text = FORMS[self.kind].format(
            name=self.name,
            value=self.value,
            first=first,
            second=second,
            base=bases[0] if bases else "",
            parents=", ".join(self.parents),
            sum=" + ".join(self.parents),
        )
        return text.replace("\n", "\n    # a remark\n", 1) if self.comment else text


@dataclass(frozen=True)
class Program:
    pieces: tuple[Piece, ...]
    turned: bool = False
    """Whether the features stand in front of what they use."""

    @property
    def features(self) -> list[Piece]:
        return [each for each in self.pieces if each.kind == "feature"]

    @property
    def text(self) -> str:
        written = [(each.kind == "feature", each.write(self.pieces)) for each in self.pieces]
        if self.turned:
            written.sort(key=lambda pair: not pair[0])
        return "\n\n".join([text for _, text in written])

    def reached_by(self, edited: int) -> set[str]:
        """Features that an edit of a piece can reach."""
        touched = {edited}
        for number, piece in enumerate(self.pieces):
            names = {self.pieces[each].name for each in touched}
            if not touched.isdisjoint(piece.uses) or not names.isdisjoint(piece.parents):
                touched.add(number)
        return {self.pieces[each].name for each in touched}


@st.composite
def programs(draw: st.DrawFn) -> Program:
    pieces: list[Piece] = []
    for number in range(draw(st.integers(2, 7))):
        kind = draw(st.sampled_from(sorted(USES)))
        known = list(range(len(pieces))) if kind != "constant" else []
        uses = draw(st.lists(st.sampled_from(known), max_size=2, unique=True)) if known else []
        pieces.append(Piece(kind, f"p{number}", draw(st.integers(0, 3)), tuple(uses)))
    helpers = list(range(len(pieces)))
    names = ["x"]
    for number in range(draw(st.integers(1, 4))):
        parents = draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True))
        uses = draw(st.lists(st.sampled_from(helpers), max_size=2, unique=True))
        pieces.append(
            Piece("feature", f"f{number}", draw(st.integers(0, 3)), tuple(uses), tuple(parents))
        )
        names.append(f"f{number}")
    return Program(tuple(pieces))


@dataclass(frozen=True)
class Edit:
    piece: int
    """Modulo the number of pieces."""
    what: str
    value: int
    new_kernel: bool

    def of(self, program: Program) -> tuple[Program, set[str]]:
        """The program after it, and the features that it may change."""
        pieces = list(program.pieces)
        at = self.piece % len(pieces)
        if self.what == "turn":
            return replace(program, turned=not program.turned), set()
        if self.what == "remark":
            pieces[at] = replace(pieces[at], comment=not pieces[at].comment)
            return replace(program, pieces=tuple(pieces)), set()
        if self.what == "uses" and pieces[at].uses:
            pieces[at] = replace(pieces[at], uses=pieces[at].uses[::-1])
        else:
            pieces[at] = replace(pieces[at], value=self.value)
        return replace(program, pieces=tuple(pieces)), program.reached_by(at)


EDITS = st.builds(
    Edit,
    st.integers(0, 20),
    st.sampled_from(["value", "value", "uses", "remark", "turn"]),
    st.integers(0, 3),
    st.booleans(),
)


def run_cell(program: Program, space: dict[str, Any]) -> FeatureGraph:
    exec(compile(program.text, "<cell>", "exec", dont_inherit=True), space)
    return FeatureGraph.from_functions(*[space[each.name] for each in program.features])


def by_hand(program: Program, x: int) -> dict[str, Any]:
    space: dict[str, Any] = {"__name__": "__main__"}
    run_cell(program, space)
    values = {"x": x}
    for each in program.features:
        values[each.name] = space[each.name](**{name: values[name] for name in each.parents})
    return values


@settings(deadline=None, max_examples=60)
@given(programs(), st.lists(EDITS, min_size=1, max_size=4), st.sampled_from([None, "disk"]))
def test_the_cache_answers_as_if_it_were_not_there(
    program: Program, edits: list[Edit], where: str | None
) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        cache = ColumnCache(folder if where else None)
        materialiser, space = Materialiser(cache), {"__name__": "__main__"}
        names = [each.name for each in program.features]
        reached = set(names)
        for edit in [None, *edits]:
            if edit is not None:
                program, reached = edit.of(program)
                if edit.new_kernel:
                    cache = ColumnCache(folder) if where else cache
                    materialiser, space = Materialiser(cache), {"__name__": "__main__"}
            run = materialiser.run(run_cell(program, space), names, {"x": 5})
            expected = by_hand(program, 5)
            assert {each: run.values[each] for each in names} == {
                each: expected[each] for each in names
            }
            assert set(run.recomputed) <= reached, program.text
