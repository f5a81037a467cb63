"""What the browser tests share: notebooks of a few cells, and pictures of what is on the screen."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

SHOTS = os.environ.get("JL_SCREENSHOTS")
LONG = 60_000
"""Milliseconds that a panel may take on a crowded machine."""


def write(folder: Path, name: str, *cells: str) -> Path:
    """Write a notebook of code cells."""
    notebook = new_notebook(cells=[new_code_cell(cell.strip()) for cell in cells])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    path = folder / name
    nbformat.write(notebook, path)
    return path


def shoot(what: Page | Locator, name: str) -> None:
    """Keep a picture where the variable JL_SCREENSHOTS names a folder."""
    if SHOTS:
        Path(SHOTS).mkdir(parents=True, exist_ok=True)
        what.screenshot(path=str(Path(SHOTS) / f"{name}.png"))
