"""Two style sheets in one page: JupyterLab loads the explorer's beside that of the panels."""

import re
from pathlib import Path

STYLE = Path(__file__).resolve().parents[3] / "labextension" / "style"


def selectors(name):
    """Each selector of a sheet, with what stands in braces, comments and ``@`` left out."""
    text = re.sub(r"/\*.*?\*/|url\(\"[^\"]*\"\)", "", (STYLE / name).read_text(), flags=re.DOTALL)
    for head in re.findall(r"([^{}]+)\{", text):
        yield from (one.strip() for one in re.split(r",(?![^(]*\))", head) if "@" not in one)


def classes(selector):
    return set(re.findall(r"\.(jl[-\w]*)", selector))


def test_no_rule_of_the_explorer_reaches_into_a_panel():
    loose = [
        one
        for one in selectors("explorer.css")
        if one.startswith(".jl ") or (one.startswith(".jl") and classes(one) == {"jl"})
    ]
    assert loose == []


def test_what_is_jupyterlabs_has_no_name_of_a_panels_part():
    of_lab = set().union(*(classes(one) for one in selectors("lab.css") if ".jl" in one)) - {"jl"}
    of_panels = set().union(*map(classes, selectors("panels.css")))
    assert of_lab & of_panels == set()
