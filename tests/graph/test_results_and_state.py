"""Results, their displays, and state that outlives a run."""
# ruff: noqa: PLW0108 - that a function takes parameters of these names is what is tested

import asyncio
import json
import pickle
import threading

import pytest
from graph_makers import dag_of, one_node, sleeper, started_until

from linus_nb.errors import UnknownNodeError
from linus_nb.graph import AgentDAG, AgentNode, DAGExecutor, SharedState


def mixed():
    """Return the result of a run in which every kind of end occurs but cancelled."""
    dag = dag_of({"ok": lambda: [1], "dead": lambda: 1}, [("ok", "dead", lambda s: False)])
    dag.add_node(AgentNode("skip", lambda: 1 / 0, on_error="skip"))
    dag.add_node(AgentNode("go on", lambda: 1 / 0, on_error="continue", output_key="key"))
    return DAGExecutor(dag).execute({"i": 0})


class TestResults:
    def test_counts_and_keys(self):
        result = mixed()
        counts = (
            result.total_nodes,
            result.completed_nodes,
            result.failed_nodes,
            result.skipped_nodes,
            result.cancelled_nodes,
        )
        assert counts == (4, 2, 0, 2, 0)
        assert result.node_results == {"ok": [1], "dead": None, "skip": None, "go on": None}
        assert set(result.errors) == {"skip", "go on"}
        assert result.final_state == {"i": 0, "ok": [1], "key": None}

    def test_the_final_state_is_a_copy(self):
        result = mixed()
        result.final_state["ok"].append(2)
        assert result.final_state["ok"] == [1]

    def test_an_unknown_name_is_told_with_the_known_ones(self):
        with pytest.raises(UnknownNodeError, match="no node 'nope'") as caught:
            mixed()["nope"]
        assert "'ok'" in str(caught.value)

    def test_to_dict_is_plain_and_json(self):
        told = json.loads(json.dumps(mixed().to_dict()))
        assert told["status"] == "partial"
        assert told["nodes"]["ok"]["status"] == "completed"
        assert told["edges"] == [{"source": "ok", "target": "dead", "live": False}]

    def test_to_dict_tells_an_edge_whose_condition_raised(self):
        dag = dag_of({"a": lambda: 1, "b": lambda: 1}, [("a", "b", lambda s: s["nope"])])
        (edge,) = DAGExecutor(dag).execute().to_dict()["edges"]
        assert "KeyError" in edge["live"]

    def test_an_edge_that_was_never_decided_is_none(self):
        dag = dag_of({"a": lambda: 1 / 0, "b": lambda: 1, "c": lambda: 1}, ["a b", "b c"])
        assert DAGExecutor(dag).execute().edges == {("a", "b"): None, ("b", "c"): None}

    def test_the_input_of_a_node_can_be_seen_again(self):
        result = one_node(lambda a, b=2: a, {"a": [1]})
        assert result.nodes["n"].input == {"a": [1]}
        assert one_node(lambda text: text, {"a": 1}, prompt="<{a}>").nodes["n"].input == "<1>"
        assert one_node(lambda: 1).nodes["n"].input == {}

    def test_a_node_that_never_started_has_no_input(self):
        dag = dag_of({"a": lambda: 1 / 0, "b": lambda a: a}, ["a b"])
        assert DAGExecutor(dag).execute().nodes["b"].input is None

    def test_the_first_run_has_no_last_result_before_it(self):
        assert DAGExecutor(AgentDAG("d")).last_result is None

    def test_the_last_result_can_be_looked_at_while_it_runs(self):
        executor = DAGExecutor(dag_of({"a": lambda: 1, "b": sleeper(30)}))

        async def run():
            task = await started_until(executor, "node_finished", "a")
            looked = executor.last_result
            shown = (looked.status, looked["a"], repr(looked), looked._repr_html_())
            task.cancel()
            await asyncio.wait([task])
            return shown

        status, value, text, html = asyncio.run(run())
        assert (status, value) == ("running", 1)
        assert "running" in text
        assert "running" in html

    def test_every_node_has_one_end_state_in_every_outcome(self):
        for error in ("fail", "skip", "continue"):
            dag = dag_of({"a": lambda: 1, "c": lambda: 3})
            dag.add_node(AgentNode("b", lambda: 1 / 0, on_error=error))
            dag.add_edge("a", "b")
            dag.add_edge("b", "c")
            result = DAGExecutor(dag).execute()
            counted = (
                result.completed_nodes
                + result.failed_nodes
                + result.skipped_nodes
                + result.cancelled_nodes
            )
            assert counted == result.total_nodes == 3


class TestDisplays:
    def test_they_are_bounded(self):
        dag = dag_of({f"node {i} " + "n" * 300: lambda: "<b>" + "x" * 20_000 for i in range(300)})
        result = DAGExecutor(dag).execute()
        assert len(repr(result).encode()) <= 20_000
        assert len(result._repr_html_().encode()) <= 100_000
        assert "<b>x" not in result._repr_html_()

    def test_long_errors_are_bounded_too(self):
        def fail():
            raise ValueError("<script>" + "é" * 50_000)

        dag = AgentDAG("d")
        for i in range(300):
            dag.add_node(AgentNode(f"n{i}", fail, on_error="skip"))
        result = DAGExecutor(dag).execute()
        assert len(repr(result).encode()) <= 20_000
        assert len(result._repr_html_().encode()) <= 100_000
        assert "<script>" not in result._repr_html_()

    @pytest.mark.parametrize("character", ["日", "🦉", "'", "<", "\x00", "\ud800"], ids=ascii)
    def test_any_character_is_bounded(self, character):
        dag = dag_of({f"{i}" + character * 300: lambda: character * 9_000 for i in range(300)})
        result = DAGExecutor(dag).execute()
        assert len(repr(result).encode(errors="replace")) <= 20_000
        assert len(result._repr_html_().encode(errors="replace")) <= 100_000

    def test_an_output_whose_repr_raises_is_shown_all_the_same(self):
        class Shy:
            def __repr__(self):
                raise RuntimeError("no")

        result = one_node(Shy)
        assert "Shy" in repr(result)
        assert "Shy" in result._repr_html_()

    def test_a_state_is_bounded(self):
        state = SharedState({f"k{i}": "x" * 10_000 for i in range(1_000)})
        assert len(repr(state)) <= 20_000
        assert len(state._repr_html_()) <= 100_000


class TestSharedState:
    def test_what_it_holds_is_initial_state_and_the_calls_own_wins(self):
        state = SharedState({"a": 1, "b": 2})
        dag = dag_of({"n": lambda a, b: (a, b)})
        assert DAGExecutor(dag, state).execute({"b": 3})["n"] == (1, 3)
        assert state["b"] == 2

    def test_it_receives_each_output_as_its_node_settles(self):
        state, seen = SharedState(), []
        dag = dag_of({"a": lambda: 1, "b": lambda: seen.append(state.to_dict())}, ["a b"])
        DAGExecutor(dag, state).execute()
        assert seen == [{"a": 1}]
        assert state.get_entry("a").source == "a"
        assert state.to_dict() == {"a": 1, "b": None}

    def test_a_failed_run_leaves_what_finished(self):
        state = SharedState()
        DAGExecutor(dag_of({"a": lambda: 1, "b": lambda: 1 / 0}, ["a b"]), state).execute()
        assert state.to_dict() == {"a": 1}

    def test_nodes_read_only_their_ancestors_all_the_same(self):
        state = SharedState()
        dag = dag_of({"a": lambda: 1, "b": lambda state: dict(state)})
        assert DAGExecutor(dag, state).execute()["b"] == {}

    def test_the_next_run_reads_what_the_last_one_wrote(self):
        state = SharedState({"n": 0})
        executor = DAGExecutor(dag_of({"n": lambda n: n + 1}), state)
        assert [executor.execute()["n"] for _ in range(3)] == [1, 2, 3]
        assert [entry.value for entry in state.get_history("n")] == [0, 1, 2, 3]

    def test_set_get_has_delete_clear(self):
        state = SharedState()
        state.set("a", 1, source="me", metadata={"unit": "m"})
        entry = state.get_entry("a")
        assert (entry.value, entry.source, dict(entry.metadata)) == (1, "me", {"unit": "m"})
        assert (state.get("a"), state.get("b"), state.get("b", 5)) == (1, None, 5)
        assert (state.has("a"), state.has("b"), "a" in state) == (True, False, True)
        assert (state.delete("a"), state.delete("a"), len(state)) == (True, False, 0)
        assert len(state.get_history()) == 1
        state.clear()
        assert (state.get_all(), state.get_history()) == ({}, [])

    def test_it_is_a_dict(self):
        state = SharedState({"a": 1})
        state["b"] = 2
        state.update(c=3)
        assert dict(state) == {"a": 1, "b": 2, "c": 3}
        del state["a"]
        with pytest.raises(KeyError):
            state["a"]
        with pytest.raises(KeyError):
            del state["a"]
        assert (state.pop("b"), state.setdefault("c", 9), list(state)) == (2, 3, ["c"])

    def test_threads_may_use_it_at_once(self):
        state = SharedState()

        def write(thread):
            for i in range(50):
                state.set(f"{thread}-{i}", i)
                list(state.items())

        threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(state) == len(state.get_history()) == 400

    def test_it_can_be_pickled(self):
        state = pickle.loads(pickle.dumps(SharedState({"a": [1]})))  # noqa: S301 - our own
        state.set("b", 2)
        assert state.to_dict() == {"a": [1], "b": 2}
        assert len(state.get_history()) == 2
