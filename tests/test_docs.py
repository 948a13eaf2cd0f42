"""The documentation says what is so: its samples run, and give what they promise."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from samples_in_text import VALUE, check_sample, samples_in

import linus_nb

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*/*.md")])
WITH_SAMPLES = [page for page in PAGES if page.name != "README.md" and samples_in(page)]

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
IN_DOCS = [p for p in (ROOT / "docs").rglob("*.md") if "_build" not in p.parts]
LINKING = sorted([*ROOT.glob("*.md"), *IN_DOCS, *NOTEBOOKS])
LINK = re.compile(r"""\]\(([^)\s]+)\)|(?:src|srcset|href)=["']([^"']+)["']""")


def links_of(page):
    """Return the files that a page, or the text of a notebook, links to."""
    text = page.read_text()
    if page.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        text = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    found = [first or second for first, second in LINK.findall(text)]
    # The tutorial is made from the notebooks when the documentation is built.
    inside = (
        link for link in found if "://" not in link and not link.startswith(("#", "tutorial/"))
    )
    return [link.partition("#")[0] for link in inside]


@pytest.mark.parametrize("page", WITH_SAMPLES, ids=lambda page: page.stem)
def test_the_samples_of_a_page_run_in_order_and_give_what_they_promise(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # one writes a cassette
    names = {}
    for sample in samples_in(page):
        check_sample(sample, names)


def test_every_how_to_page_has_a_sample_with_a_promise():
    promised = {page.stem for page in WITH_SAMPLES for s in samples_in(page) if "# → " in s}
    assert promised >= {page.stem for page in PAGES if page.parent.name == "how-to"}


def test_a_wrong_promise_is_found():
    with pytest.raises(AssertionError, match="1 \\+ 1"):
        check_sample("1 + 1  # → 3", {})
    assert VALUE.search("1 + 1  # → 2")[1] == "2"


def test_the_migration_page_names_every_public_name_of_the_old_system():
    text = (ROOT / "docs" / "migration.md").read_text()
    for row in text.splitlines():
        if row.startswith("| `linus.agents."):
            _, _, new = (cell.strip(" `") for cell in row.split("|")[:3])
            module, _, name = new.rpartition(".")
            assert hasattr(__import__(module, fromlist=[name]), name)
    for name in ("AgentDAG", "AgentNode", "DAGExecutor", "SharedState", "ExecutionResult"):
        assert f"linus_nb.graph.{name}" in text
        assert name in linus_nb.__all__


@pytest.mark.parametrize("page", LINKING, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_to_one(page):
    lost = [link for link in links_of(page) if not (page.parent / link).exists()]
    assert lost == []


def test_links_are_found_in_pages_and_in_notebooks(tmp_path):
    (tmp_path / "a.md").write_text("[b](b.md#c) ![d](d.png) [e](https://e.org) <img src='f.png'>")
    cell = {"cell_type": "markdown", "source": ["[g](../g.md)"]}
    (tmp_path / "h.ipynb").write_text(json.dumps({"cells": [cell]}))
    assert links_of(tmp_path / "a.md") == ["b.md", "d.png", "f.png"]
    assert links_of(tmp_path / "h.ipynb") == ["../g.md"]


def test_the_documentation_and_the_notebooks_are_told_of_each_other():
    assert (ROOT / "docs" / "index.md").read_text().count("tutorial/") >= 3
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert any("sphinx" in need for need in extras["optional-dependencies"]["docs"])
