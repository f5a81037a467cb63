"""Features that wait, and features that are computed for each item of another."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import numpy as np
import pytest

from jupyter_lifecycle.cache import ColumnCache
from jupyter_lifecycle.errors import ComputeError, FeatureDefinitionError
from jupyter_lifecycle.graph import Collect, FanOut, FeatureGraph, at_once, parameterize, value
from jupyter_lifecycle.materialise import Materialiser, compute


def first_line(caught: Any) -> str:
    """Return the function below the test's own in the traceback."""
    return next(each.name for each in caught.traceback[1:] if each.name != "compute")


# -- async ----------------------------------------------------------------------------------------


async def slow(x: int) -> int:
    await asyncio.sleep(0)
    return x + 1


async def slower(slow: int) -> int:
    await asyncio.sleep(0)
    return slow * 2


@pytest.mark.parametrize("cache", [None, ColumnCache()])
@pytest.mark.parametrize("executor", ["sequential", "threads"])
def test_async_features(cache: ColumnCache | None, executor: str) -> None:
    graph = FeatureGraph.from_functions(slow, slower)
    assert compute(graph, ["slower"], inputs={"x": 1}, cache=cache, executor=executor) == {
        "slower": 4
    }


def test_async_features_where_a_loop_runs_already() -> None:
    graph = FeatureGraph.from_functions(slow, slower)

    async def main() -> Any:
        return compute(graph, ["slower"], inputs={"x": 1})

    assert asyncio.run(main()) == {"slower": 4}


def test_async_features_wait_together_on_threads() -> None:
    met = threading.Barrier(2, timeout=30)

    async def left(x: int) -> int:
        await asyncio.get_running_loop().run_in_executor(None, met.wait)
        return x

    async def right(x: int) -> int:
        await asyncio.get_running_loop().run_in_executor(None, met.wait)
        return x

    graph = FeatureGraph.from_functions(left, right)
    found = compute(graph, ["left", "right"], inputs={"x": 1}, executor="threads")
    assert found == {"left": 1, "right": 1}


def test_an_async_feature_that_raises() -> None:
    async def broken(x: int) -> int:
        raise KeyError("gone")

    with pytest.raises(KeyError, match="gone") as caught:
        compute(FeatureGraph.from_functions(broken), ["broken"], inputs={"x": 1})
    assert first_line(caught) == "broken"
    assert "Feature broken" in caught.value.__notes__[0]


def test_an_async_modified_feature() -> None:
    @parameterize(a={"n": value(2)})
    async def scaled(x: int, n: int) -> int:
        return x * n

    assert compute(FeatureGraph.from_functions(scaled), ["a"], inputs={"x": 3}) == {"a": 6}


def test_async_generators_are_refused() -> None:
    async def many(x: int) -> Any:
        yield x

    with pytest.raises(FeatureDefinitionError, match="is async and yields"):
        FeatureGraph.from_functions(many)


# -- fan-out and collect --------------------------------------------------------------------------


def number(count: int) -> FanOut[int]:
    yield from range(count)


def square(number: int, offset: int = 0) -> int:
    return number * number + offset


def scaled(square: int, number: int, by: int) -> int:
    return square * by + number


def squares(square: Collect[int]) -> list[int]:
    return square


def everything(scaled: Collect[int], number: Collect[int], by: int) -> Any:
    return scaled, number, by


PLAIN = FeatureGraph.from_functions(number, square, scaled, squares, everything)


@pytest.mark.parametrize("cache", [None, ColumnCache()])
@pytest.mark.parametrize("executor", ["sequential", "threads"])
def test_each_item_and_all_of_them(cache: ColumnCache | None, executor: str) -> None:
    found = compute(
        PLAIN,
        ["squares", "everything", "number"],
        inputs={"count": 3, "by": 10},
        cache=cache,
        executor=executor,
    )
    assert found == {
        "squares": [0, 1, 4],
        "everything": ([0, 11, 42], [0, 1, 2], 10),
        "number": [0, 1, 2],
    }


def test_an_async_fan_out() -> None:
    async def number(count: int) -> FanOut[int]:
        return range(count)

    graph = FeatureGraph.from_functions(number, square, squares)
    assert compute(graph, ["squares"], inputs={"count": 3}) == {"squares": [0, 1, 4]}


def test_half_written_fans_have_states() -> None:
    def end(nothing: Collect[int]) -> Any:
        return nothing

    def other(x: int) -> int:
        return x

    graph = FeatureGraph.from_functions(end, other)
    assert Materialiser().states(graph, {"x": 1})["end"].note == "waits for nothing"
    assert compute(graph, ["other"], inputs={"x": 1}) == {"other": 1}


def test_optional_inputs_within() -> None:
    assert compute(PLAIN, ["squares"], inputs={"count": 2, "offset": 5}) == {"squares": [5, 6]}
    assert compute(PLAIN, ["squares"], inputs={"count": 0}) == {"squares": []}


def test_keys_of_what_is_between() -> None:
    def graph_of(power: int) -> FeatureGraph:
        space: dict[str, Any] = {"__name__": "__main__"}
        exec(f"def square(number): return number ** {power}", space)
        return FeatureGraph.from_functions(number, space["square"], squares)

    work = Materialiser(ColumnCache())
    assert work.run(graph_of(2), ["squares"], {"count": 3}).values["squares"] == [0, 1, 4]
    assert work.run(graph_of(2), ["squares"], {"count": 3}).recomputed == ()
    changed = work.run(graph_of(3), ["squares"], {"count": 3})
    assert changed.values["squares"] == [0, 1, 8]
    assert changed.recomputed == ("squares",)


@pytest.mark.parametrize("limit", [1, 3])
def test_at_most_so_many_at_once(limit: int) -> None:
    lock = threading.Lock()
    running, most = 0, 0
    full = threading.Barrier(limit, timeout=30)

    @at_once(limit)
    def item(count: int) -> FanOut[int]:
        return range(count)

    def worked(item: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        full.wait()
        with lock:
            running -= 1
        return item

    def all_of_it(worked: Collect[int]) -> list[int]:
        return worked

    graph = FeatureGraph.from_functions(item, worked, all_of_it)
    assert compute(graph, ["all_of_it"], inputs={"count": 6}) == {"all_of_it": [0, 1, 2, 3, 4, 5]}
    assert most == limit


def test_items_that_wait() -> None:
    @at_once(4)
    def item(count: int) -> FanOut[int]:
        return list(range(count))

    async def awaited(item: int) -> int:
        await asyncio.sleep(0)
        return item + 1

    def total(awaited: Collect[int]) -> int:
        return sum(awaited)

    graph = FeatureGraph.from_functions(item, awaited, total)
    assert compute(graph, ["total"], inputs={"count": 5}) == {"total": 15}


@pytest.mark.parametrize("limit", [1, 2])
def test_an_item_that_fails(limit: int) -> None:
    @at_once(limit)
    def item(count: int) -> FanOut[int]:
        return range(count)

    def inverse(item: int) -> float:
        return 1 / (item - 1)

    def all_of_it(inverse: Collect[float]) -> list[float]:
        return inverse

    with pytest.raises(ZeroDivisionError) as caught:
        compute(
            FeatureGraph.from_functions(item, inverse, all_of_it),
            ["all_of_it"],
            inputs={"count": 3},
        )
    assert first_line(caught) == "inverse"
    assert caught.value.__notes__[0] == "inverse, for item 1 of item: 1"
    assert "Feature all_of_it" in caught.value.__notes__[1]


def test_items_share_nothing_that_they_change() -> None:
    def item(count: int) -> FanOut[int]:
        return range(count)

    def changed(item: int, array: Any) -> Any:
        array[0] = item
        return array

    def all_of_it(changed: Collect[Any]) -> Any:
        return changed

    graph = FeatureGraph.from_functions(item, changed, all_of_it)
    with pytest.raises(ValueError, match="read-only"):
        compute(graph, ["all_of_it"], inputs={"count": 2, "array": np.zeros(2)})


def test_one_fan_after_the_other() -> None:
    def again(squares: Any) -> FanOut[int]:
        return [each + 1 for each in squares]

    def negative(again: int) -> int:
        return -again

    def end(negative: Collect[int]) -> list[int]:
        return negative

    graph = FeatureGraph.from_functions(number, square, squares, again, negative, end)
    assert compute(graph, ["end"], inputs={"count": 3}) == {"end": [-1, -2, -5]}


def test_targets_that_have_no_one_value() -> None:
    with pytest.raises(ComputeError, match="square is computed for each item of number"):
        compute(PLAIN, ["square"], inputs={"count": 2})
    assert Materialiser().states(PLAIN, {"count": 2})["square"].state == "new"


@pytest.mark.parametrize(
    ("functions", "message"),
    [
        pytest.param("def a(x) -> FanOut[int]: return [1]\ndef b(x) -> FanOut[int]: return [1]\n"
         "def both(a, b): return a\ndef end(both: Collect[int]): return both",
         "items of a and of b"),
        pytest.param("def a(x) -> FanOut[int]: return [1]\ndef b(a) -> FanOut[int]: return [1]\n"
         "def end(b: Collect[int]): return b", "b .* fans out, but reads a"),
        pytest.param("def a(x) -> FanOut[int]: return [1]\ndef c(a): return a\n"
         "def end(c: Collect[int], a): return c", "end .* collects, but reads a"),
        ("def a(x): return 1\ndef end(a: Collect[int]): return a", "collects a, which is not"),
    ],
)  # fmt: skip
def test_fans_that_make_no_sense(functions: str, message: str) -> None:
    space: dict[str, Any] = {"__name__": "__main__", "FanOut": FanOut, "Collect": Collect}
    exec(functions, space)
    made = [each for name, each in space.items() if name in ("a", "b", "c", "both", "end")]
    with pytest.raises(ComputeError, match=message):
        compute(FeatureGraph.from_functions(*made), ["end"], inputs={"x": 1})


def test_at_once_is_for_fans() -> None:
    with pytest.raises(FeatureDefinitionError, match="at least one item"):
        at_once(0)
    with pytest.raises(FeatureDefinitionError, match="it does not fan out"):
        FeatureGraph.from_functions(at_once(2)(square.__class__(square.__code__, {}, "square")))


def test_edits_keep_track_of_fans() -> None:
    assert PLAIN.fans == {"number", "squares", "everything"}
    assert PLAIN.without("squares")[0].fans == {"number", "everything"}

    def everything(by: int) -> int:
        return by

    assert PLAIN.with_functions(everything)[0].fans == {"number", "squares"}
