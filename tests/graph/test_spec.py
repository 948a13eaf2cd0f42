"""A DAG written as JSON or code is the same DAG when it is read again."""

import builtins
import json

import pytest
from graph_makers import dag_of, statuses
from hypothesis import given
from hypothesis import strategies as st

from linus_nb.errors import GraphError, LinusError, UnknownNodeError
from linus_nb.graph import AgentDAG, AgentNode, DAGExecutor
from linus_nb.graph.spec import references, to_json
from linus_nb.graph.spec_code import to_code

from_json = AgentDAG.from_json


def load(path):
    return [1, 2, 3]


def total(load):
    return sum(load)


def is_big(state):
    return state["total"] > 5


def choose(state):
    return "x"


class Agent:
    async def arun(self, task):
        return task


def told(dag):
    """Return all that a DAG is, as comparable values; agents by identity."""
    return {
        "name": dag.name,
        "nodes": [
            (
                node.name,
                told(node.agent) if isinstance(node.agent, AgentDAG) else id(node.agent),
                node.description,
                node.input_mapping,
                node.output_key,
                node.retry_count,
                node.timeout_seconds,
                node.on_error,
                node.prompt,
                node.retry_backoff,
                node.resource,
                node.thread,
            )
            for node in dag.nodes.values()
        ],
        "edges": {
            (edge.source, edge.target): (
                id(edge.condition),
                edge.branch and id(edge.branch.router),
                edge.label,
                edge.routes,
            )
            for edge in dag.edges
        },
    }


def rebuild(code, functions, agents):
    named = {name: value for name, value in {**agents, **functions}.items() if name.isidentifier()}
    namespace = {**named, "functions": functions, "agents": agents}
    exec(code, namespace)  # noqa: S102 - the code is what is tested
    return namespace["dag"]


def example():
    dag = AgentDAG("example")
    dag.add_node(AgentNode("load", load, retry_count=2, retry_backoff=1.5))
    dag.add_node(AgentNode("total", total, timeout_seconds=3, on_error="skip"))
    dag.add_node(AgentNode("agent", Agent(), prompt="{{}} {total}", resource="gpu"))
    dag.add_node(AgentNode("inner", dag_of({"x": lambda: 1}, name="inner"), output_key="k"))
    dag.add_node(AgentNode("last", lambda p=0: p, input_mapping={"p": "total"}, thread=False))
    dag.add_edge("load", "total", label="numbers")
    dag.add_edge("total", "agent", is_big)
    dag.add_edge("total", "last")
    dag.add_branch("load", choose, {"x": "inner", "y": "inner", "z": "last"})
    return dag


class TestJson:
    def test_it_can_be_read_again(self):
        dag = example()
        assert told(from_json(to_json(dag), **references(dag))) == told(dag)

    def test_it_names_functions_by_their_own_names_and_others_by_their_place(self):
        assert {kind: sorted(names) for kind, names in references(example()).items()} == {
            "functions": ["choose", "is_big", "last", "load", "total", "x"],
            "agents": ["agent"],
        }

    def test_it_uses_the_names_of_the_registries_it_is_given(self):
        dag = example()
        written = json.loads(to_json(dag, functions={"loader": load}))
        assert written["nodes"][0]["function"] == "loader"

    def test_functions_of_one_name_are_told_apart(self):
        def make(n):
            def work():
                return n

            return work

        dag = dag_of({"a": make(1), "b": make(2), "c": make(3)})
        again = from_json(to_json(dag), **references(dag))
        assert DAGExecutor(again).execute().node_results == {"a": 1, "b": 2, "c": 3}

    def test_a_read_dag_runs(self):
        dag = dag_of({"load": lambda: [1, 2, 3], "total": total, "end": lambda: 1}, ["load total"])
        dag.add_edge("total", "end", is_big)
        again = from_json(to_json(dag), **references(dag))
        assert set(statuses(DAGExecutor(again).execute()).values()) == {"completed"}

    def test_everything_that_is_missing_is_named_at_once(self):
        with pytest.raises(GraphError) as caught:
            from_json(to_json(example()), functions={"load": load})
        assert len(caught.value.problems) == 6
        assert "there is no function 'total'" in str(caught.value)
        assert "there is no agent 'agent'" in str(caught.value)
        assert "from_json(text, functions={'total': ...})" in str(caught.value)

    def test_a_file_cannot_name_anything_outside_the_registries(self):
        text = to_json(dag_of({"a": load})).replace('"load"', '"os.system"')
        with pytest.raises(GraphError, match=r"no function 'os\.system'"):
            from_json(text, functions={"load": load})

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "{",
            "[]",
            "null",
            "3",
            "{}",
            "[" * 100_000,
            '{"format": "linus_nb.dag/2"}',
            '{"format": "linus_nb.dag/1"}',
            '{"format": "linus_nb.dag/1", "name": "d", "nodes": 3, "edges": [], "branches": []}',
            '{"format": "linus_nb.dag/1", "name": "d", "nodes": [{}], "edges": [], "branches": []}',
            '{"format": "linus_nb.dag/1", "name": "d", "nodes": [], "edges": [[]], "branches": []}',
            None,
            b"\xff",
        ],
        ids=lambda text: repr(text)[:30],
    )
    def test_what_is_no_such_json_is_refused(self, text):
        with pytest.raises(GraphError, match="JSON"):
            from_json(text)

    def test_an_unknown_option_is_refused_by_name(self):
        text = to_json(dag_of({"a": load})).replace('"function"', '"colour": "red", "function"')
        with pytest.raises(GraphError, match="'colour'"):
            from_json(text, functions={"load": load})

    def test_a_wrong_option_is_refused_as_ever(self):
        text = to_json(dag_of({"a": load})).replace('"function"', '"retry_count": -1, "function"')
        with pytest.raises(LinusError, match="retry_count=-1"):
            from_json(text, functions={"load": load})

    def test_an_edge_to_nowhere_is_refused(self):
        text = to_json(dag_of({"a": load, "b": load}, ["a b"])).replace(
            '"target": "b"', '"target": "c"'
        )
        with pytest.raises(UnknownNodeError):
            from_json(text, functions={"load": load})

    def test_a_label_that_json_cannot_hold_is_refused_by_name(self):
        dag = dag_of({"a": load, "b": load})
        dag.add_branch("a", choose, {frozenset("x"): "b"})
        with pytest.raises(GraphError, match="frozenset"):
            to_json(dag)


class TestCode:
    def test_it_builds_the_same_dag(self):
        dag = example()
        again = rebuild(to_code(dag), **references(dag))
        assert told(again) == told(dag)

    def test_it_reads_like_a_cell(self):
        dag = dag_of({"load": load, "total": total}, ["load total"], name="sums")
        dag.add_node(AgentNode("my agent", Agent(), prompt="{total}"))
        dag.add_edge("total", "my agent", is_big)
        assert to_code(dag).splitlines() == [
            "# needs: agents['my agent'], is_big, load, total",
            "from linus_nb.graph import AgentDAG, AgentNode",
            "",
            "dag = AgentDAG('sums')",
            "dag.add_node(AgentNode('load', load))",
            "dag.add_node(AgentNode('total', total))",
            "dag.add_node(AgentNode('my agent', agents['my agent'], prompt='{total}'))",
            "dag.add_edge('load', 'total')",
            "dag.add_edge('total', 'my agent', is_big)",
        ]

    @pytest.mark.parametrize(
        "name", ["print", "class", "dag", "dag_2", "agents", "AgentNode", "ﬁ", "None", "a b", ""]
    )
    def test_a_name_that_would_mean_something_else_is_an_entry(self, name):
        dag = dag_of({name: lambda: 1, "other": AgentNode("other", dag_of({"x": Agent()}))})
        code = to_code(dag)
        assert f"functions[{name!r}]" in code
        assert told(rebuild(code, **references(dag))) == told(dag)

    def test_a_builtin_that_means_itself_stands_by_its_name(self):
        assert f"AgentNode('n', {builtins.max.__name__})" in to_code(dag_of({"n": max}))


# --- any DAG, with any names -----------------------------------------------------

HOSTILE = st.one_of(
    st.text(max_size=8),
    st.text("\"'\\{}()[]\n\r\t#:;,<>&\x00\u2028 ab", max_size=8),
    st.sampled_from(["", "dag", "dag_2", "functions", "print", "class", "\ud800", "-> ...", "ﬁ"]),
)
FUNCTIONS = [load, total, is_big, max, lambda: 1, lambda: 2, lambda state: "x"]


@st.composite
def dags(draw, depth=1):
    dag = AgentDAG(draw(HOSTILE))
    names = draw(st.lists(HOSTILE, min_size=1, max_size=5, unique=True))
    for name in names:
        agents = st.one_of(st.sampled_from(FUNCTIONS), st.builds(Agent))
        agent = draw(st.one_of(agents, dags(depth - 1)) if depth else agents)
        options = draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "description": HOSTILE,
                    "output_key": HOSTILE,
                    "input_mapping": st.dictionaries(HOSTILE, HOSTILE, max_size=3),
                    "retry_count": st.integers(0, 9),
                    "timeout_seconds": st.floats(0.001, 1e6),
                    "on_error": st.sampled_from(["fail", "skip", "continue"]),
                    "resource": HOSTILE,
                    "thread": st.booleans(),
                },
            )
        )
        dag.add_node(AgentNode(name, agent, **options))
    for position, source in enumerate(names[:-1]):
        later = names[position + 1 :]
        if draw(st.booleans()):
            labels = st.one_of(HOSTILE, st.booleans(), st.none(), st.integers())
            targets = draw(st.dictionaries(labels, st.sampled_from(later), min_size=1, max_size=3))
            dag.add_branch(source, draw(st.sampled_from(FUNCTIONS)), targets)
        else:
            condition = draw(st.one_of(st.none(), st.sampled_from(FUNCTIONS)))
            dag.add_edge(source, draw(st.sampled_from(later)), condition, label=draw(HOSTILE))
    return dag


@given(dags())
def test_any_dag_comes_back_from_its_json(dag):
    assert told(from_json(to_json(dag), **references(dag))) == told(dag)


@given(dags())
def test_any_dag_comes_back_from_its_code(dag):
    assert told(rebuild(to_code(dag), **references(dag))) == told(dag)


@given(dags())
def test_the_json_of_what_was_read_is_the_same(dag):
    known = references(dag)
    text = to_json(dag, **known)
    assert to_json(from_json(text, **known), **known) == text
