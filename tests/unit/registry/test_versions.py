"""The order of versions as text is PEP 440's."""

from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from jupyter_lifecycle.registry.versions import is_version, version_order

NUMBERS = st.sampled_from([0, 1, 2, 9, 10, 11, 99, 100, 20240101])


@st.composite
def versions(draw):
    text = draw(st.sampled_from(["", "1!", "10!"]))
    text += ".".join(str(draw(NUMBERS)) for _ in range(draw(st.integers(1, 4))))
    if draw(st.booleans()):
        text += draw(st.sampled_from(["a", "b", "rc"])) + str(draw(NUMBERS))
    if draw(st.booleans()):
        text += f".post{draw(NUMBERS)}"
    if draw(st.booleans()):
        text += f".dev{draw(NUMBERS)}"
    local = st.sampled_from(["cpu", "cu12", "2", "10", "a", "ab"])
    segments = draw(st.lists(local, max_size=2))
    return text + ("+" + ".".join(segments) if segments else "")


@given(versions(), versions())
def test_the_order_is_that_of_pep_440(left, right):
    one, other = Version(left), Version(right)
    assert (version_order(left) < version_order(right)) == (one < other)
    assert (version_order(left) == version_order(right)) == (one == other)


def test_what_is_no_version_comes_first_by_its_text():
    found = sorted(["1.0", "b1d", "0!0.dev0", "abc def"], key=version_order)
    assert found == ["abc def", "b1d", "0!0.dev0", "1.0"]
    assert not is_version("b1d")
    assert is_version("2.1.0+cpu")
