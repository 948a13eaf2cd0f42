"""What a node is can be told apart from what it was, in every process alike."""

import functools
import subprocess
import sys
from unittest.mock import MagicMock, Mock

import pandas as pd
import pytest
from graph_makers import dag_of

from linus_nb.graph import AgentNode, DAGExecutor
from linus_nb.graph.durable.definer import Definer


def cell(source, **names):
    """Return the function ``f`` that a notebook cell defines, and its namespace."""
    space = dict(names)
    exec(source, space)  # noqa: S102 - what a notebook does with a cell
    return space["f"]


def whole(agent, **options):
    return Definer().define(AgentNode("n", agent, **options)).whole


def code(agent):
    return Definer().define(AgentNode("n", agent)).code


SAME = [
    "f = lambda x: x + 1",
    "def f(x, y=(1, [2])):\n    'doc'\n    return x * y",
    "def g(x): return 2 * x\ndef f(x): return g(x)",
    "def g(x): return f(x)\ndef f(x): return g(x)",
    "def make(n):\n    def f(x): return x + n\n    return f\nf = make(3)",
    "import functools\n@functools.cache\ndef f(x): return x",
    "import threading\nL = threading.Lock()\ndef f(x): return L",
    "class A:\n    def run(self, x): return x\nf = A()",
    "import functools, operator\nf = functools.partial(operator.add, 1)",
    "def f(x): return x in {'a', 'b', 'c', 'd'}",
]
DIFFERENT = [
    ("f = lambda x: x + 1", "f = lambda x: x + 2"),
    ("def f(x, y=1): return x", "def f(x, y=2): return x"),
    ("N = 1\ndef f(x): return N", "N = 2\ndef f(x): return N"),
    ("L = [1]\ndef f(x): return L", "L = [2]\ndef f(x): return L"),
    ("def g(): return 1\ndef f(x): return g()", "def g(): return 2\ndef f(x): return g()"),
    ("def h(): return 1\ndef g(): return h()\ndef f(x): return g() or f(1)",
     "def h(): return 2\ndef g(): return h()\ndef f(x): return g() or f(1)"),
    ("class A:\n    def run(self, x): return 1\nf = A()",
     "class A:\n    def run(self, x): return 2\nf = A()"),
    ("class A:\n    def __init__(self, n): self.n = n\n    def run(self, x): return x\nf = A(1)",
     "class A:\n    def __init__(self, n): self.n = n\n    def run(self, x): return x\nf = A(2)"),
    ("import functools\n@functools.cache\ndef f(x): return 1",
     "import functools\n@functools.cache\ndef f(x): return 2"),
    ("D = {'k': lambda: 1}\ndef f(x): return D", "D = {'k': lambda: 2}\ndef f(x): return D"),
    ("import math\nf = math.sin", "import math\nf = math.cos"),
]  # fmt: skip


@pytest.mark.parametrize("source", SAME)
def test_the_same_cell_is_the_same(source):
    assert whole(cell(source)) == whole(cell("\n\n" + source))


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_an_edited_cell_is_another(one, other):
    assert whole(cell(one)) != whole(cell(other))


def test_captured_data_are_no_code():
    one, other = cell("L = [1]\ndef f(x): return L"), cell("L = [2]\ndef f(x): return L")
    assert code(one) == code(other)
    assert code(cell("f = lambda x: 1")) != code(cell("f = lambda x: x"))


@pytest.mark.parametrize(
    "option", [{"prompt": "p"}, {"retry_count": 1}, {"description": "d"}, {"on_error": "skip"}]
)
def test_an_option_counts(option):
    assert whole(print) != whole(print, **option)


def test_functions_of_packages_are_not_followed_into_their_modules():
    assert whole(pd.read_csv) == whole(pd.read_csv)
    assert whole(functools.partial(pd.read_csv, sep=";")) != whole(pd.read_csv)


def test_a_circle_is_seen_whole_by_all_who_are_in_it():
    source = "def h(): return {}\ndef g(x): return f(x)\ndef f(x): return g(x) or h()"

    def both(number):
        space = {}
        exec(source.format(number), space)  # noqa: S102
        definer = Definer()
        return [definer.define(AgentNode(n, space[n])).whole for n in "fg"]

    assert both(1)[0] != both(2)[0]
    assert both(1)[1] != both(2)[1]


def test_a_variable_that_is_not_filled_yet_does_no_harm():
    def outer():
        def work():
            return later

        result = whole(work)
        later = 1
        return result, later

    assert outer()[0]


class Odd:
    def __getattr__(self, name):
        raise ZeroDivisionError(name)


@pytest.mark.parametrize("make", [Mock, MagicMock, Odd])
def test_an_odd_object_does_not_keep_a_run_from_starting(make):
    odd = make()
    dag = dag_of({"a": lambda: odd is not None})
    assert DAGExecutor(dag).execute(reuse=True)["a"]


def test_it_is_the_same_in_every_process():
    program = (
        "from linus_nb.graph import AgentNode\n"
        "from linus_nb.graph.durable.definer import Definer\n"
        f"for source in {SAME!r}:\n"
        "    space = {}\n"
        "    exec(source, space)\n"
        "    print(Definer().define(AgentNode('n', space['f'])).whole)\n"
    )
    told = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert told[0] == told[1]
    assert len(set(told[0].split())) == len(SAME)
