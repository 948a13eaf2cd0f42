"""Python samples in Markdown pages: found, run as a notebook cell would run them, and checked."""

import ast
import asyncio
import inspect
import re

VALUE = re.compile(r"  # → (.*)$")


def samples_in(path):
    """Return the source of every Python block of a page."""
    return re.findall(r"^```python\n(.*?)^```$", path.read_text(), re.MULTILINE | re.DOTALL)


def run_statements(statements, names):
    """Run statements; a bare ``await`` is allowed, as in a cell."""
    module = ast.Module(statements, type_ignores=[])
    code = compile(module, "<sample>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    wait_for(eval(code, names))  # noqa: S307  # running the samples is the point


def wait_for(value):
    """Await a coroutine; leave anything else alone."""
    if inspect.iscoroutine(value):
        asyncio.run(value)


def check_sample(source, names):
    """Run a sample and compare each value that a comment ``# → value`` promises."""
    lines, before = source.splitlines(), []
    for statement in ast.parse(source).body:
        promised = VALUE.search(lines[statement.end_lineno - 1])
        if promised is None:
            before.append(statement)
            continue
        kept = ast.Assign([ast.Name("_", ast.Store())], statement.value)
        run_statements([*before, ast.fix_missing_locations(kept)], names)
        before = []
        assert repr(names["_"]) == promised[1], lines[statement.end_lineno - 1]
    run_statements(before, names)
