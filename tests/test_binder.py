"""What Binder is told to build is enough for every notebook, and fits into its memory."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BINDER = ROOT / "binder"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
README = (ROOT / "README.md").read_text()
CAMPAIGN = bool(os.environ.get("LINUS_NB_CAMPAIGN"))

MEMORY = 2 * 2**30
"""Bytes that a session on mybinder.org may use."""

# Runs one notebook and prints the most bytes that it and its kernel have held, each at its worst.
RUN_ONE = """
import resource, sys
import nbformat
from nbclient import NotebookClient

notebook = nbformat.read(sys.argv[1], as_version=4)
client = NotebookClient(notebook, timeout=300, kernel_name="python3")
client.extra_arguments = ["--IPKernelApp.log_level=40"]
client.execute()
whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
print(1024 * sum(resource.getrusage(who).ru_maxrss for who in whose))
"""


def requirements():
    return (BINDER / "requirements.txt").read_text().split("\n")


def extras():
    """Return the extras of this package that Binder installs."""
    (line,) = (line for line in requirements() if line.startswith("-e ./["))
    return re.fullmatch(r"-e \./\[(.*)\]", line)[1].split(",")


def sources_of(notebook):
    cells = json.loads(notebook.read_text())["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def imported_by(source):
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


def test_binder_installs_extras_that_exist():
    assert extras() == ["dask", "local", "notebook", "server"]
    assert set(extras()) <= set(PROJECT["optional-dependencies"])


def test_binder_brings_dot_and_the_model():
    assert (BINDER / "apt.txt").read_text().split() == ["graphviz"]
    assert "linus-nb fetch" in (BINDER / "postBuild").read_text()
    assert "linus-nb" in PROJECT["scripts"]
    assert os.access(BINDER / "postBuild", os.X_OK)


def test_binders_python_is_one_that_the_package_runs_on():
    chosen = (BINDER / "runtime.txt").read_text().strip().removeprefix("python-")
    assert f"Programming Language :: Python :: {chosen}" in PROJECT["classifiers"]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_imports_only_what_binder_has(notebook):
    installed = [*PROJECT["dependencies"]]
    for extra in extras():
        installed += PROJECT["optional-dependencies"][extra]
    packages = {re.split(r"[\[<>=]", need)[0].replace("-", "_") for need in installed}
    sources = sources_of(notebook)
    imported = {name for source in sources for name in imported_by(source)}
    written = set(re.findall(r'"(\w+)\.py"', "".join(sources)))  # by the notebook itself
    assert imported <= packages | sys.stdlib_module_names | written | {"linus_nb"}


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_short_and_each_code_cell_is_named(notebook):
    cells = json.loads(notebook.read_text())["cells"]
    assert len(cells) <= 15
    assert [s for s in sources_of(notebook) if not s.startswith("# NBVAL_TEST_NAME: ")] == []


def test_every_notebook_has_a_badge_that_opens_it():
    opened = re.findall(r"labpath=notebooks%2F([\w.]+)", README)
    assert sorted(opened) == [notebook.name for notebook in NOTEBOOKS]


def test_all_badges_lead_to_one_repository_and_a_placeholder_is_told():
    (repository,) = set(re.findall(r"https://mybinder\.org/v2/gh/([^/]+/[^/]+)/HEAD", README))
    known = PROJECT.get("urls", {}).get("Repository", "https://github.com/OWNER/linus_nb")
    assert known == f"https://github.com/{repository}"
    assert ("`OWNER` stands for" in README) == repository.startswith("OWNER/")


@pytest.fixture(scope="session")
def binder_python(tmp_path_factory):
    """A fresh environment, made by the files in binder/ and by nothing else."""
    home = tmp_path_factory.mktemp("binder") / "venv"
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    install = ["-m", "pip", "install", "--quiet", "-r", BINDER / "requirements.txt"]
    subprocess.run([python, *install], check=True, cwd=ROOT)
    path = f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}"
    subprocess.run([BINDER / "postBuild"], check=True, cwd=ROOT, env={**os.environ, "PATH": path})
    return python


if CAMPAIGN:  # making the environment takes minutes

    @pytest.mark.campaign
    @pytest.mark.kernel
    @pytest.mark.model
    @pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
    def test_a_notebook_runs_in_binders_environment_within_its_memory(notebook, binder_python):
        done = subprocess.run(
            [binder_python, "-c", RUN_ONE, notebook],
            cwd=notebook.parent,
            capture_output=True,
            text=True,
            check=True,
            timeout=600,
        )
        assert int(done.stdout) < MEMORY
