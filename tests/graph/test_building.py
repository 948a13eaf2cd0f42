"""Building a DAG: the short form, cells run twice, cycles, names, rename, copy, remove."""

import functools
import logging

import pytest

from graph_makers import dag_of
from linus_nb.errors import CycleError, GraphError, MissingInputError, OptionError, UnknownNodeError
from linus_nb.graph import AgentDAG, AgentNode, DAGExecutor

ODD_NAMES = [
    "", " a", "a ", "a b", "a\nb", "step:n", "a::b", "http://x:81/", "<b>x</b>", 'q"uote', "é",
    "日本", "back\\slash", "\\", "{x}", "__class__", "a" * 10_000, "\ud800", "0", "None", "\x00",
]  # fmt: skip


def edges_of(dag):
    return {(edge.source, edge.target) for edge in dag.edges}


class TestShortForm:
    def test_a_one_to_three_to_one_dag_with_its_run_is_at_most_ten_lines(self):
        dag = AgentDAG("report")
        dag.node("ingest", lambda path: [1, 2, 3])
        dag.node("total", lambda ingest: sum(ingest))
        dag.node("most", lambda ingest: max(ingest))
        dag.node("least", lambda ingest: min(ingest))
        dag.node("report", lambda text: text, prompt="{total} {most} {least}")
        result = DAGExecutor(dag).execute({"path": "x"})
        assert result["report"] == "6 3 1"
        assert dag.get_execution_order() == [["ingest"], ["total", "most", "least"], ["report"]]

    def test_edges_are_found_in_any_order_of_adding(self):
        dag = AgentDAG("d")
        dag.node("report", lambda text: text, prompt="{total}")
        dag.node("total", lambda numbers: sum(numbers))
        assert edges_of(dag) == {("total", "report")}

    def test_edges_follow_output_keys(self):
        dag = AgentDAG("d")
        dag.node("a", lambda: 1, output_key="one")
        dag.node("b", lambda one: one)
        dag.node("c", lambda p: p, input_mapping={"p": "one"})
        assert edges_of(dag) == {("a", "b"), ("a", "c")}

    def test_a_decorator_gives_the_function_back(self):
        dag = AgentDAG("d")

        @dag.node
        def one():
            return 1

        @dag.node(name="2", retry_count=1)
        def two(one):
            return one + 1

        assert (one(), two(1), list(dag.nodes)) == (1, 2, ["one", "2"])
        assert dag.nodes["2"].retry_count == 1

    def test_redefining_a_node_redraws_the_edges_into_it(self):
        dag = dag_of({})
        for name in "ab":
            dag.node(name, lambda: 1)
        dag.node("c", lambda a: a)
        dag.node("c", lambda b: b)
        assert edges_of(dag) == {("b", "c")}

    def test_redefining_a_nodes_key_redraws_the_edges_out_of_it(self):
        dag = AgentDAG("d")
        dag.node("a", lambda: 1)
        dag.node("b", lambda a: a)
        dag.node("a", lambda: 1, output_key="other")
        assert edges_of(dag) == set()

    def test_edges_drawn_by_hand_stay(self):
        dag = dag_of({"a": lambda: 1})
        dag.node("c", lambda a: a)
        dag.add_edge("a", "c")
        dag.node("c", lambda z=1: z)
        assert edges_of(dag) == {("a", "c")}

    def test_a_node_that_reads_its_own_key_reads_the_initial_state(self):
        dag = AgentDAG("d")
        dag.node("n", lambda n: n + 1)
        assert DAGExecutor(dag).execute({"n": 1})["n"] == 2

    def test_names_that_would_close_a_cycle_are_refused(self):
        dag = AgentDAG("d")
        dag.node("a", lambda b: b)
        with pytest.raises(CycleError, match="'a' -> 'b'"):
            dag.node("b", lambda a: a)

    def test_what_it_cannot_use_is_refused(self):
        with pytest.raises(OptionError, match="cannot use"):
            AgentDAG("d").node("only a name")


class TestCellsRunTwice:
    def add_twice(self, first, second, caplog, **options):
        caplog.set_level(logging.INFO, "linus_nb")
        dag = AgentDAG("d")
        dag.add_node(AgentNode("n", first, **options))
        before = dag.nodes["n"]
        dag.add_node(AgentNode("n", second, **options))
        notices = [r for r in caplog.records if "replaced" in r.getMessage()]
        return dag.nodes["n"] is before, len(notices)

    def run_cell(self, source, **names):
        namespace = dict(names)
        exec(source, namespace)  # noqa: S102 - what a notebook does with a cell
        return namespace["f"]

    @pytest.mark.parametrize(
        "source",
        [
            "f = lambda x: x + 1",
            "def f(x, y=(1, [2])):\n    'doc'\n    return x * y",
            "def g(x): return 2 * x\ndef f(x): return g(x)",
            "import math\ndef f(x): return math.sqrt(x)",
            "def make(n):\n    def f(x): return x + n\n    return f\nf = make(3)",
            "class f:\n    def __init__(self, x): self.x = x",
            "async def f(x): return [i async for i in x]",
            "def f(x): return f(x - 1) if x else 0",
            "import functools\nf = functools.partial(print, 1, end='')",
            "def f(x): return {k: (lambda v: v)(v) for k, v in x.items()}",
        ],
    )
    def test_the_same_cell_is_a_no_op(self, source, caplog):
        first, second = self.run_cell(source), self.run_cell(source)
        assert first is not second
        assert self.add_twice(first, second, caplog) == (True, 0)

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("f = lambda x: x + 1", "f = lambda x: x + 2"),
            ("def f(x, y=1): return x", "def f(x, y=2): return x"),
            ("def f(x, *, y=1): return x", "def f(x, *, y=2): return x"),
            ("N = 1\ndef f(x): return x + N", "N = 2\ndef f(x): return x + N"),
            (
                "def g(x): return 1\ndef f(x): return g(x)",
                "def g(x): return 2\ndef f(x): return g(x)",
            ),
            (
                "def make(n):\n    return lambda x: x + n\nf = make(3)",
                "def make(n):\n    return lambda x: x + n\nf = make(4)",
            ),
            ("def f(x): return x.a", "def f(x): return x.b"),
            ("def f(x): return 1", "def f(x): return True"),
            ("def f(x): return 1", "async def f(x): return 1"),
            ("L = [1]\ndef f(x): return L", "L = [1, 2]\ndef f(x): return L"),
            (
                "def g(): return 1\ndef f(x): return [g() for _ in x]",
                "def g(): return 2\ndef f(x): return [g() for _ in x]",
            ),
        ],
    )
    def test_a_changed_cell_replaces_the_node_with_one_notice(self, one, other, caplog):
        assert self.add_twice(self.run_cell(one), self.run_cell(other), caplog) == (False, 1)

    @pytest.mark.parametrize(
        "option",
        [
            {"retry_count": 1},
            {"timeout_seconds": 1},
            {"on_error": "skip"},
            {"output_key": "x"},
            {"prompt": "p"},
            {"input_mapping": {}},
            {"description": "d"},
            {"resource": "r"},
            {"thread": False},
            {"retry_backoff": 1},
        ],
        ids=str,
    )
    def test_a_changed_option_replaces_the_node(self, option):
        dag = dag_of({"n": print})
        before = dag.nodes["n"]
        dag.add_node(AgentNode("n", print, **option))
        assert dag.nodes["n"] is not before

    def test_a_changed_partial_replaces_the_node(self, caplog):
        one, other = functools.partial(print, 1), functools.partial(print, 2)
        assert self.add_twice(one, other, caplog) == (False, 1)

    def test_an_unknown_object_is_the_same_only_if_it_is_the_very_same(self, caplog):
        class Agent:
            def run(self, task):
                return task

        agent = Agent()
        assert self.add_twice(agent, agent, caplog) == (True, 0)
        assert self.add_twice(Agent(), Agent(), caplog) == (False, 1)

    def test_agents_are_compared_by_their_configuration(self, caplog):
        class Agent:
            def __init__(self, n):
                self.n = n

            def to_config(self):
                return {"n": self.n}

            async def arun(self, task):
                return task

        assert self.add_twice(Agent(1), Agent(1), caplog) == (True, 0)
        assert self.add_twice(Agent(1), Agent(2), caplog) == (False, 1)

    def test_a_replaced_node_keeps_its_edges_and_its_place(self):
        dag = dag_of({n: (lambda: 1) for n in "abc"}, ["a b", "b c"])
        dag.add_node(AgentNode("b", lambda: 2))
        assert edges_of(dag) == {("a", "b"), ("b", "c")}
        assert list(dag.nodes) == ["a", "b", "c"]

    def test_an_edge_added_twice_is_one_edge(self):
        dag = dag_of({"a": print, "b": print})
        edges = [dag.add_edge("a", "b", lambda s: s["x"] > 1) for _ in range(2)]
        assert edges[0] is edges[1]
        assert len(dag.edges) == 1

    def test_another_condition_replaces_the_edge(self):
        dag = dag_of({"a": print, "b": print}, ["a b"])
        dag.add_edge("a", "b", lambda s: False)
        assert [edge.conditional for edge in dag.edges] == [True]


class TestCycles:
    def test_an_edge_to_itself_is_refused(self):
        with pytest.raises(CycleError, match="'a' -> 'a'") as caught:
            dag_of({"a": print}, ["a a"])
        assert caught.value.cycle == ("a", "a")

    def test_an_edge_back_is_refused_naming_the_cycle(self):
        dag = dag_of({n: print for n in "abc"}, ["a b", "b c"])
        with pytest.raises(CycleError, match="'c' -> 'a' -> 'b' -> 'c'") as caught:
            dag.add_edge("c", "a")
        assert caught.value.cycle == ("c", "a", "b", "c")
        assert edges_of(dag) == {("a", "b"), ("b", "c")}

    def test_a_branch_back_is_refused(self):
        dag = dag_of({n: print for n in "ab"}, ["a b"])
        with pytest.raises(CycleError):
            dag.add_branch("b", print, {"x": "a"})

    def test_a_dag_cannot_be_a_node_of_itself(self):
        dag = AgentDAG("d")
        with pytest.raises(CycleError, match="'d'"):
            dag.add_node("n", dag)

    def test_nor_of_a_dag_that_is_a_node_of_it(self):
        outer, middle, inner = AgentDAG("outer"), AgentDAG("middle"), AgentDAG("inner")
        outer.add_node("m", middle)
        middle.add_node("i", inner)
        with pytest.raises(CycleError):
            inner.add_node("o", outer)

    def test_an_edge_to_an_unknown_node_names_it_and_what_to_type(self):
        dag = dag_of({"a": print})
        for ends in (("a", "nope"), ("nope", "a")):
            with pytest.raises(UnknownNodeError, match="no node 'nope'") as caught:
                dag.add_edge(*ends)
            assert "dag.add_node('nope'" in str(caught.value)


class TestNames:
    @pytest.mark.parametrize("name", ODD_NAMES, ids=lambda name: ascii(name[:20]))
    def test_odd_names_are_kept_exactly(self, name):
        dag = dag_of({name: lambda: 1, "end of " + name: lambda state: dict(state)})
        dag.add_edge(name, "end of " + name)
        result = DAGExecutor(dag).execute()
        assert result.node_results == {name: 1, "end of " + name: {name: 1}}
        assert result.edges == {(name, "end of " + name): True}
        assert len(repr(result)) <= 20_000
        assert dag.visualize()

    def test_names_that_look_alike_are_different(self):
        assert len(dag_of({"a": print, "A": print, " a": print, "a ": print})) == 4


class TestChanging:
    def chain(self):
        return dag_of(
            {"a": lambda: 1, "b": lambda a: a + 1, "c": lambda b: b + 1}, ["a b", "b c"]
        )

    def test_removing_a_node_removes_its_edges(self):
        dag = self.chain()
        dag.remove_node("b")
        assert (list(dag.nodes), dag.edges) == (["a", "c"], ())

    def test_removing_what_is_not_there_is_refused(self):
        dag = self.chain()
        for change in (
            lambda: dag.remove_node("nope"),
            lambda: dag.remove_edge("a", "c"),
            lambda: dag.remove_edge("a", "nope"),
            lambda: dag.rename("nope", "x"),
            lambda: dag.get_dependencies("nope"),
        ):
            with pytest.raises(UnknownNodeError):
                change()

    def test_renaming_keeps_place_and_edges(self):
        dag = self.chain()
        dag.rename("b", "B")
        assert list(dag.nodes) == ["a", "B", "c"]
        assert edges_of(dag) == {("a", "B"), ("B", "c")}
        assert dag.nodes["B"].key == "B"

    def test_renaming_keeps_an_output_key_of_its_own(self):
        dag = dag_of({"a": AgentNode("a", lambda: 1, output_key="key")})
        dag.rename("a", "b")
        assert dag.nodes["b"].key == "key"

    def test_renaming_to_a_taken_name_is_refused(self):
        with pytest.raises(OptionError, match="'b' already"):
            self.chain().rename("a", "b")

    def test_renaming_to_itself_changes_nothing(self):
        dag = self.chain()
        dag.rename("a", "a")
        assert DAGExecutor(dag).execute()["c"] == 3

    def test_a_renamed_branch_still_chooses(self):
        dag = dag_of({n: (lambda: 1) for n in "abc"})
        dag.add_branch("a", lambda state: "l", {"l": "b", "r": "c"})
        dag.rename("b", "B")
        result = DAGExecutor(dag).execute()
        assert {n: r.status for n, r in result.nodes.items()} == {
            "a": "completed",
            "B": "completed",
            "c": "skipped",
        }

    def test_a_copy_runs_and_changes_on_its_own(self):
        dag = self.chain()
        copied = dag.copy("other")
        copied.remove_node("c")
        assert (len(dag), len(copied), copied.name) == (3, 2, "other")
        assert DAGExecutor(dag.copy()).execute()["c"] == 3

    def test_a_copy_goes_on_inferring_edges(self):
        dag = AgentDAG("d")
        dag.node("b", lambda a: a)
        for changed in (dag.copy(), dag):
            if changed is dag:
                dag.rename("b", "c")
            changed.node("a", lambda: 1)
            assert len(changed.edges) == 1

    def test_a_dag_may_change_between_runs_and_an_edge_counts_at_once(self):
        dag = self.chain()
        executor = DAGExecutor(dag)
        executor.execute()
        dag.add_node("d", lambda c: c + 1)
        dag.add_edge("c", "d")
        assert executor.execute()["d"] == 4

    def test_adding_an_agent_and_a_node_at_once_is_refused(self):
        with pytest.raises(OptionError):
            AgentDAG("d").add_node(AgentNode("a", print), print)

    def test_asking(self):
        dag = self.chain()
        assert dag.get_start_nodes() == ["a"]
        assert dag.get_end_nodes() == ["c"]
        assert dag.get_dependencies("c") == ["b"]
        assert dag.get_execution_order() == [["a"], ["b"], ["c"]]
        assert ("a" in dag, "z" in dag, len(dag)) == (True, False, 3)
        with pytest.raises(TypeError):
            dag.nodes["x"] = 1


class TestValidate:
    def test_it_returns_the_keys_that_the_initial_state_must_have(self):
        dag = AgentDAG("d")
        dag.node("a", lambda x, y=1: x)
        dag.node("b", lambda text: text, prompt="{a} {z}")
        assert dag.validate() == ("x", "z") or dag.validate() == ("z",)

    def test_it_refuses_what_the_given_state_lacks(self):
        dag = AgentDAG("d")
        dag.node("b", lambda text: text, prompt="{z}")
        assert dag.validate({"z": 1}) == ("z",)
        with pytest.raises(MissingInputError, match="'b' reads 'z', which nobody writes"):
            dag.validate({})

    def test_it_proposes_the_key_that_was_meant(self):
        dag = dag_of({"report": lambda: 1})
        dag.add_node(AgentNode("b", lambda t: t, prompt="{reprot}"))
        dag.add_edge("report", "b")
        with pytest.raises(MissingInputError, match="did you mean 'report'"):
            dag.validate({})

    def test_it_lists_every_problem_at_once(self):
        dag = AgentDAG("d")
        dag.add_node(AgentNode("a", lambda p: p, input_mapping={"p": "x", "q": "y"}))
        dag.add_node(AgentNode("b", lambda t: t, prompt="{z}"))
        with pytest.raises(GraphError) as caught:
            dag.validate({})
        assert len(caught.value.problems) == 4
        assert "has 4 problems" in str(caught.value)

    def test_nothing_runs_if_something_is_wrong(self):
        ran = []
        dag = dag_of({"good": lambda: ran.append(1)})
        dag.add_node(AgentNode("bad", lambda t: t, prompt="{z}"))
        executor = DAGExecutor(dag)
        with pytest.raises(MissingInputError):
            executor.execute()
        assert (ran, executor.last_result) == ([], None)

    def test_a_nested_dags_problems_are_found_before_the_run(self):
        inner = dag_of({"x": AgentNode("x", lambda t: t, prompt="{nobody}")}, name="inner")
        dag = dag_of({"outer": inner})
        with pytest.raises(MissingInputError, match="in node 'outer'.*'nobody'"):
            dag.validate({})

    def test_an_initial_state_that_is_no_dict_is_refused(self):
        with pytest.raises(OptionError, match="initial_state is a dict"):
            DAGExecutor(dag_of({"a": print})).execute("text")
