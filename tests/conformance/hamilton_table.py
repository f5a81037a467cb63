"""``python tests/conformance/hamilton_table.py FOLDER [PART]``: how each case goes.

FOLDER is a copy of Hamilton's repository; savers write into it. PART of a label chooses cases.
"""

from __future__ import annotations

import sys
from pathlib import Path

from hamilton_agreement import Case, found, run
from hamilton_cases import CASES, RESOURCES


def lines_of(root: Path, case: Case) -> list[str]:
    """Run a case and say how it went, with what differs below."""
    try:
        outcome = run(root, case)
    except ImportError as error:
        return [f"| - | {case.label} | | | not imported: {error} |"]
    except Exception as error:  # noqa: BLE001 - whatever importing it raises
        return [f"| - | {case.label} | | | importing it raises {type(error).__name__} |"]
    why = case.reason
    if outcome.refused:
        why = f"{'both refuse' if outcome.theirs_too else 'refused'}: {outcome.refused}"
    if outcome.raised:
        why += f" {outcome.raised} raise the same error"
    if outcome.not_given:
        why += f" {outcome.not_given} need a value that nothing makes"
    agree = outcome.values + outcome.raised
    mark = "=" if outcome.agrees else "≠"
    lines = [f"| {mark} | {case.label} | {outcome.nodes} | {agree} | {why.strip()} |"]
    return lines + [f"    {name}: {each}" for name, each in outcome.differ.items()]


def main(root: Path, part: str = "") -> None:
    """Print the cases, then each other module by itself."""
    known = [*CASES, *RESOURCES]
    done = {(case.folder, case.modules) for case in known}
    for case in [*known, *[c for c in found(root) if (c.folder, c.modules) not in done]]:
        if part in case.label:
            print("\n".join(lines_of(root, case)), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
