"""Who answers wrongly after an edit: the corpus of false hits through ours and through the peers.

Run ``python benchmarks/false_hits.py``. The peers (Hamilton's cache, joblib.Memory, marimo's
persistent_cache) are installed in an environment of their own, at the versions below; ``--peers
PATH`` names an interpreter that has them already. Every case runs in fresh processes, one before
the edit and one after it, over one cache folder. Prints a table in Markdown; the last line is JSON
with the names of the cases that each gets wrong.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

CORPUS = Path(__file__).resolve().parent.parent / "tests" / "conformance" / "false_hits"
VERSIONS = {
    "hamilton": "sf-hamilton==1.90.0",
    "joblib": "joblib==1.6.0",
    "marimo": "marimo==0.25.2",
}
OTHERS = ("pandas==3.1.1", "pyarrow")
NAMES = {
    "ours": "jupyter_lifecycle",
    "hamilton": "Hamilton's cache",
    "joblib": "joblib.Memory",
    "marimo": "marimo's persistent_cache",
}
ENGINES = ("ours", *VERSIONS)


def peers(folder: Path) -> str:
    """Make an environment with the peers; its interpreter."""
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "venv", "-q", folder], check=True)
    python = folder / "bin" / "python"
    wanted = [*VERSIONS.values(), *OTHERS]
    subprocess.run([uv, "pip", "install", "-q", "--python", python, *wanted], check=True)
    return str(python)


def table(found: dict[str, dict[str, str]]) -> str:
    """How many cases of each group each one gets wrong, or computes for nothing."""
    from all_cases import GROUPS

    head = ["", "cases", *[NAMES[engine] for engine in ENGINES]]
    versions = ["", "", "", *[VERSIONS[each].partition("==")[2] for each in VERSIONS]]
    rows = [head, ["---"] * len(head), versions]
    for group, cases in GROUPS.items():
        bad = "missed" if cases[0].same else "wrong"
        told = [[found[engine][case.name] for case in cases] for engine in ENGINES]
        counts = [str(sum(each.startswith(bad) for each in one)) for one in told]
        rows.append([f"{group}: {bad}", str(len(cases)), *counts])
    refused = [sum(each.startswith("refused") for each in found[e].values()) for e in ENGINES]
    rows.append(["can't be expressed, or refused", "", *map(str, refused)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, add_help=True)
    parser.add_argument("--peers", help="an interpreter that has the peers")
    options = parser.parse_args()
    sys.path.insert(0, str(CORPUS))
    from verdicts import outcomes

    with tempfile.TemporaryDirectory(prefix="false-hits-") as name:
        folder = Path(name)
        python = options.peers or peers(folder / "peers")
        found = {
            engine: outcomes(
                engine, folder / "cases", sys.executable if engine == "ours" else python
            )
            for engine in ENGINES
        }
    print(table(found))
    wrong = {
        engine: [name for name, told in one.items() if told.startswith("wrong")]
        for engine, one in found.items()
    }
    print(json.dumps({"versions": VERSIONS, "wrong": wrong}))


if __name__ == "__main__":
    main()
