"""Building a DAG: cycles, names, rename, copy, remove; and what validate says of it."""
# ruff: noqa: PLW0108 - that a function takes parameters of these names is what is tested

import pytest
from graph_makers import dag_of, edges_of

from linus_nb.errors import CycleError, GraphError, MissingInputError, OptionError, UnknownNodeError
from linus_nb.graph import AgentDAG, AgentNode, DAGExecutor

ODD_NAMES = [
    "", " a", "a ", "a b", "a\nb", "step:n", "a::b", "http://x:81/", "<b>x</b>", 'q"uote', "é",
    "日本", "back\\slash", "\\", "{x}", "__class__", "a" * 10_000, "\ud800", "0", "None", "\x00",
]  # fmt: skip


class TestCycles:
    def test_an_edge_to_itself_is_refused(self):
        with pytest.raises(CycleError, match="'a' -> 'a'") as caught:
            dag_of({"a": print}, ["a a"])
        assert caught.value.cycle == ("a", "a")

    def test_an_edge_back_is_refused_naming_the_cycle(self):
        dag = dag_of(dict.fromkeys("abc", print), ["a b", "b c"])
        with pytest.raises(CycleError, match="'c' -> 'a' -> 'b' -> 'c'") as caught:
            dag.add_edge("c", "a")
        assert caught.value.cycle == ("c", "a", "b", "c")
        assert edges_of(dag) == {("a", "b"), ("b", "c")}

    def test_a_branch_back_is_refused(self):
        dag = dag_of(dict.fromkeys("ab", print), ["a b"])
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
        return dag_of({"a": lambda: 1, "b": lambda a: a + 1, "c": lambda b: b + 1}, ["a b", "b c"])

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

    def test_a_renamed_node_keeps_its_readers(self):
        dag = self.chain()
        before = DAGExecutor(dag).execute()["c"]
        dag.rename("b", "B")
        assert dag.nodes["B"].key == "b"
        assert DAGExecutor(dag).execute()["c"] == before

    def test_an_output_key_that_nobody_can_read_follows_the_name(self):
        dag = self.chain()
        dag.rename("c", "C")
        assert dag.nodes["C"].key == "C"

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
        with pytest.raises(MissingInputError, match=r"in node 'outer'.*'nobody'"):
            dag.validate({})

    def test_an_initial_state_that_is_no_dict_is_refused(self):
        with pytest.raises(OptionError, match="initial_state is a dict"):
            DAGExecutor(dag_of({"a": print})).execute("text")
