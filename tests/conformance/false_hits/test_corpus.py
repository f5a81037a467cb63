"""Zero wrong answers, whatever was edited, in a new kernel and in the one that ran before."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from all_cases import CASES
from verdicts import outcomes, verdict

REFUSED = {"a feature that changes its parameter"}
"""Raises, and says what to do: other readers must not see the change."""


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["ours", "same kernel"])
def test_the_cached_answer_is_the_one_without_cache(engine, tmp_path):
    found = outcomes(engine, tmp_path)
    assert len(found) == len(CASES) > 200
    odd = {name: told for name, told in found.items() if told != "right"}
    assert odd.keys() == REFUSED, odd
    assert all("changed its parameter x" in told for told in odd.values())


@pytest.fixture
def another_release(tmp_path):
    """An interpreter of another patch release of this Python, with the same packages."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    homes = ("/usr/bin", "/usr/local/bin", "/opt/homebrew/bin")
    managed = (".pyenv/versions/*/bin", ".local/share/uv/python/*/bin")
    places = [*map(Path, homes), *[each for p in managed for each in Path.home().glob(p)]]
    for found in [place / name for place in places if (place / name).is_file()]:
        command = [found, "-c", "import sys; print(sys.version_info[:3])"]
        told = subprocess.run(command, check=False, capture_output=True, text=True)
        if told.returncode == 0 and told.stdout.strip() != str(sys.version_info[:3]):
            break
    else:
        pytest.skip(f"there is no other {name} here; `uv python install` brings one")
    packages = Path(sysconfig.get_path("purelib"))
    made = tmp_path / "another" / packages.relative_to(sys.prefix)
    made.parent.mkdir(parents=True)
    made.symlink_to(packages)
    environment = tmp_path / "another"
    (environment / "pyvenv.cfg").write_text(f"home = {found.parent}\n")
    (environment / "bin").mkdir()
    (environment / "bin" / "python").symlink_to(found)
    return str(environment / "bin" / "python")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="makes an environment of links")
def test_another_patch_release_of_python_has_the_same_keys(another_release, tmp_path):
    found = outcomes("ours", tmp_path / "cases", later=another_release)
    assert {name for name, told in found.items() if told != "right"} == REFUSED


def _found(cached, plain, *, computed=True, refused=""):
    return {"cached": cached, "plain": plain, "computed": computed, "refused": refused}


VERDICTS = {
    "right": (_found("1", "1"), _found("2", "2"), False, "right"),
    "stale": (_found("1", "1"), _found("1", "2"), False, "wrong: 1 where 2 is right"),
    "another answer at once": (
        _found("3", "1"),
        _found("2", "2"),
        False,
        "refused: it gives 3 before any edit, not 1",
    ),
    "a case without effect": (
        *(_found("1", "1"), _found("1", "1"), False, "wrong: the case changes nothing"),
    ),
    "hit": (_found("1", "1"), _found("1", "1", computed=False), True, "right"),
    "missed": (_found("1", "1"), _found("1", "1"), True, "missed"),
    "refused": (_found("1", "1"), _found(None, "1", refused="no"), True, "refused: no"),
}


@pytest.mark.parametrize(("before", "after", "same", "expected"), VERDICTS.values(), ids=VERDICTS)
def test_verdicts(before, after, same, expected):
    assert verdict(before, after, same) == expected
