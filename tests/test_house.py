"""The house rules that no linter knows: sizes, twins, and what an import may do."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import linus_nb

PACKAGE = Path(linus_nb.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))
MOST_LINES_OF_A_FILE = 300
MOST_LINES_OF_A_FUNCTION = 40
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
HEAVY = ("langchain", "networkx", "pydantic", "pandas", "matplotlib", "ipywidgets", "aiohttp")


def functions_of(path):
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, FUNCTIONS)]


def body_lines(function):
    """Lines of a function without its docstring, which may be as long as it needs to be."""
    lines = function.end_lineno - function.lineno + 1
    docstring = function.body[0] if ast.get_docstring(function) else None
    return lines - (docstring.end_lineno - docstring.lineno + 1 if docstring else 0)


def test_no_file_is_longer_than_a_reader_can_hold():
    long = {
        p.name: n for p in SOURCES if (n := len(p.read_text().splitlines())) > MOST_LINES_OF_A_FILE
    }
    assert long == {}


def test_no_function_is_longer_than_a_screen():
    long = {
        f"{path.name}:{function.name}": lines
        for path in SOURCES
        for function in functions_of(path)
        if (lines := body_lines(function)) > MOST_LINES_OF_A_FUNCTION
    }
    assert long == {}


def test_a_blocking_twin_of_an_async_name_is_one_line():
    """``run`` beside ``arun`` may only delegate; there is never a second implementation."""
    long = []
    for path in SOURCES:
        for parent in ast.walk(ast.parse(path.read_text())):
            body = parent.body if isinstance(parent, ast.ClassDef | ast.Module) else []
            methods = {node.name: node for node in body if isinstance(node, FUNCTIONS)}
            for name, method in methods.items():
                twin = methods.get(f"a{name}")
                statements = method.body[1:] if ast.get_docstring(method) else method.body
                if isinstance(twin, ast.AsyncFunctionDef) and len(statements) > 1:
                    long.append(f"{path.name}:{name}")
    assert long == []


def run_python(code):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    ).stdout


def test_importing_the_package_loads_nothing_heavy():
    loaded = run_python("import sys, linus_nb; print(*sys.modules)").split()
    assert [name for name in loaded if name.split(".")[0].split("_")[0] in HEAVY] == []


def test_importing_the_package_patches_nothing_and_starts_no_thread():
    told = run_python(
        "import asyncio, threading\n"
        "before = (asyncio.run, asyncio.get_event_loop, asyncio.Task, asyncio.Future)\n"
        "import linus_nb, linus_nb.graph\n"
        "after = (asyncio.run, asyncio.get_event_loop, asyncio.Task, asyncio.Future)\n"
        "print(before == after, threading.active_count())"
    )
    assert told.split() == ["True", "1"]


def test_a_run_of_plain_functions_loads_no_model_library():
    loaded = run_python(
        "import sys, asyncio\n"
        "from linus_nb import AgentDAG, DAGExecutor\n"
        "dag = AgentDAG('a'); dag.node('b', lambda: 1)\n"
        "assert asyncio.run(DAGExecutor(dag).aexecute())['b'] == 1\n"
        "print(*sys.modules)"
    ).split()
    assert [name for name in loaded if name.split(".")[0].split("_")[0] in HEAVY] == []


@pytest.mark.parametrize("name", linus_nb.__all__)
def test_every_public_name_is_there_and_documented(name):
    value = getattr(linus_nb, name)
    assert name in dir(linus_nb)
    assert value.__doc__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = linus_nb.nonsense
