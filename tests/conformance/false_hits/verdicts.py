"""What a cache did with each case of the corpus."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = Path(__file__).resolve().parent


def outcomes(
    engine: str, folder: Path, python: str = sys.executable, later: str = ""
) -> dict[str, str]:
    """Run all cases in fresh processes, one before the edits and one after them.

    Parameters
    ----------
    engine : str
        One of ``engines.ENGINES``; ``same kernel`` runs both phases in one process.
    folder : Path
        For programs and caches.
    python : str
        The interpreter that has the engine.
    later : str
        Another one for what runs after the edits.

    Returns
    -------
    dict of str to str
        For each case ``right``, ``wrong``, ``missed`` (computed although nothing had changed) or
        ``refused`` (it can't run the case, or says that it won't), with the reason.
    """
    from all_cases import CASES

    folder.mkdir(parents=True, exist_ok=True)
    phases = ["before,after"] if engine == "same kernel" else ["before", "after"]
    for phase in phases:
        interpreter = later if later and phase == "after" else python
        command = [interpreter, str(HERE / "engines.py"), engine, phase, str(folder)]
        done = subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
    before, after = (
        json.loads((folder / f"{engine}-{phase}.json").read_text()) for phase in ("before", "after")
    )
    return {case.name: verdict(before[case.name], after[case.name], case.same) for case in CASES}


def verdict(before: Mapping[str, object], after: Mapping[str, object], same: bool) -> str:
    """Judge one case by what was found before and after its edit."""
    for each in (before, after):
        if each["refused"]:
            return f"refused: {each['refused']}"
    if before["cached"] != before["plain"]:
        return f"refused: it gives {before['cached']} before any edit, not {before['plain']}"
    if after["cached"] != after["plain"]:
        return f"wrong: {after['cached']} where {after['plain']} is right"
    if not same and before["plain"] == after["plain"]:
        return "wrong: the case changes nothing"
    return "missed" if same and after["computed"] else "right"
