"""Runs the quickstart notebook to its end, cell by cell, and says what came of it."""

from __future__ import annotations

import sys
import time
import warnings
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = ROOT / "notebooks" / "01_quickstart.ipynb"
RESULT = ROOT / ".build" / "demo" / NOTEBOOK.name

# What the demonstration asks the kernel for at its end.
SUMMARY = """
import json as _json
_json.dumps({
    "frame": list(frame.shape), "mae": float(mae), "envelope": envelope.short_id,
    "address": service.url, "answer": [float(x) for x in service.predict(rows.loc[frame.index].head(3))],
    "registry": jl.Registry().location, "curl": service.curl(),
})
"""


def first_line(source: str) -> str:
    lines = [line.strip() for line in source.splitlines() if line.strip()]
    if lines[0].startswith("%%feature"):
        names = [
            line[4 : line.index("(")]
            for line in lines
            if line.startswith("def ") and not line.startswith("def _")
        ]
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        return f"%%feature  {shown}"
    return lines[0] if len(lines[0]) <= 72 else lines[0][:71] + "…"


class Progress:
    """One line a cell: what runs, then how long it took."""

    def __init__(self, total: int) -> None:
        self.total, self.done, self.started = total, 0, 0.0

    def begin(self, source: str) -> None:
        self.done += 1
        self.started = time.monotonic()
        print(f"[{self.done:2d}/{self.total}] {first_line(source):<74}", end="", flush=True)

    def end(self) -> None:
        print(f"{time.monotonic() - self.started:6.1f} s", flush=True)


def run_notebook() -> dict[str, object]:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    progress = Progress(len(code))
    client = NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        extra_arguments=["--log-level=40"],
        resources={"metadata": {"path": str(NOTEBOOK.parent)}},
    )
    with client.setup_kernel():
        for index, cell in enumerate(notebook.cells):
            if cell.cell_type != "code":
                continue
            progress.begin(cell.source)
            client.execute_cell(cell, index)
            progress.end()
        asked = nbformat.v4.new_code_cell(SUMMARY)
        notebook.cells.append(asked)
        client.execute_cell(asked, len(notebook.cells) - 1)
        notebook.cells.pop()
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, RESULT)
    import ast
    import json

    text = next(
        output["data"]["text/plain"]
        for output in asked.outputs
        if output.output_type == "execute_result"
    )
    found: dict[str, object] = json.loads(ast.literal_eval(text))
    return found


def main() -> None:
    warnings.simplefilter("ignore")  # nbclient's own deprecations are not the reader's business
    print("From raw flights to an answered request: notebooks/01_quickstart.ipynb\n", flush=True)
    started = time.monotonic()
    try:
        said = run_notebook()
    except CellExecutionError as error:
        sys.exit(f"\n\nA cell failed:\n{error}")
    rows, columns = said["frame"]  # type: ignore[misc]
    answers = ", ".join(f"{value:.1f}" for value in said["answer"])  # type: ignore[attr-defined]
    print(f"""
Done in {time.monotonic() - started:.0f} s.

  features   37 functions over the flights and the weather
  frame      {rows:,} rows × {columns} columns
  model      mean absolute error {said["mae"]:.2f} minutes on the last two months
  envelope   {said["envelope"]} in {said["registry"]}
  service    {said["address"]}
  answer     {answers} minutes for the first three flights

Ask it yourself:
  {said["curl"]}

See it all:           make lab     (JupyterLab, the graph beside the notebook)
The executed copy:    {RESULT.relative_to(ROOT)}
Stop the service:     make stop
""")


if __name__ == "__main__":
    main()
