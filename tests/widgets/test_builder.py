"""A DagBuilder does what its front end says; here the front end is a list of messages."""

import asyncio
import threading

import pytest
from widget_samples import recorded, told_when

from linus_nb.errors import GraphError, UnknownNodeError
from linus_nb.graph import AgentDAG, DAGExecutor
from linus_nb.widgets import DagBuilder
from linus_nb.widgets.builder_form import in_expression
from linus_nb.widgets.builder_run import state_of

HOSTILE = "<img src=x onerror=alert(1)>"


def load():
    """Give three numbers."""
    return [3, 1, 2]


def ordered(load):
    return sorted(load)


def tell(builder, kind, **message):
    """Send what the front end would send about the drawing that it shows."""
    builder._receive(builder, {"kind": kind, "revision": builder.revision, **message}, [])


def built():
    """Return a builder in which ``load`` and ``ordered`` were added and connected."""
    builder = DagBuilder(functions={"load": load, "ordered": ordered})
    tell(builder, "add", what="function", name="load")
    tell(builder, "add", what="function", name="ordered")
    tell(builder, "connect", source="n0", target="n1")
    return builder


def test_gestures_build_a_dag_that_is_always_the_current_one():
    builder = built()
    assert builder.dag.get_execution_order() == [["load"], ["ordered"]]
    tell(builder, "delete", source="n0", target="n1")
    assert builder.dag.edges == ()
    tell(builder, "delete", node="n0")
    assert list(builder.dag.nodes) == ["ordered"]
    tell(builder, "undo")
    tell(builder, "undo")
    assert len(builder.dag.edges) == 1
    tell(builder, "redo")
    assert builder.dag.edges == ()


def test_what_is_added_is_selected_and_has_its_form():
    builder = built()
    assert builder.selected_node == "ordered"
    assert builder.form["title"] == "ordered"
    assert builder.form["keys"][0] == {"key": "load", "text": "{load}"}
    assert builder.form["edges"] == [{"id": "n0 n1", "text": "← load"}]


def test_an_edge_that_closes_a_cycle_is_refused_with_a_sentence():
    builder = built()
    tell(builder, "connect", source="n1", target="n0")
    assert "cycle" in builder.note
    assert len(builder.dag.edges) == 1
    tell(builder, "click", node="n0")
    assert builder.note == ""


def test_a_condition_is_typed_and_a_bad_one_stays_in_its_field_and_out_of_the_dag():
    builder = built()
    tell(builder, "click", source="n0", target="n1")
    assert (builder.selected, builder.form["about"]) == ("n0 n1", "edge")
    ends = {"source": "n0", "target": "n1", "field": "condition"}
    tell(builder, "field", **ends, value="len(load) > 2", edit="1")
    assert str(builder.dag.edges[0].condition) == "len(load) > 2"
    tell(builder, "field", **ends, value="import os", edit="2")
    assert str(builder.dag.edges[0].condition) == "len(load) > 2"
    [field] = builder.form["fields"]
    assert (field["value"], bool(field["problem"])) == ("import os", True)
    assert builder.problems[0]["id"] == "n0 n1"
    assert builder.marks == {"n0 n1": "problem"}
    assert builder.toolbar["reason"] == "1 problem to mend first"
    assert builder.edit == "2"


def test_a_renamed_node_stays_selected_also_when_that_is_undone():
    builder = built()
    tell(builder, "field", node="n1", field="name", value="sorted numbers")
    assert builder.selected_node == "sorted numbers"
    tell(builder, "undo")
    assert builder.selected_node == "ordered"


def test_typing_lays_nothing_out_again():
    builder = built()
    before = builder.svg
    tell(builder, "field", node="n1", field="description", value="puts them in order")
    assert builder.svg == before
    assert builder.dag.nodes["ordered"].description == "puts them in order"


def test_a_message_about_an_earlier_drawing_means_the_node_of_that_drawing():
    builder = built()
    earlier = builder.revision
    tell(builder, "delete", node="n0")
    builder._receive(builder, {"kind": "delete", "node": "n1", "revision": earlier}, [])
    assert list(builder.dag.nodes) == []
    builder._receive(builder, {"kind": "delete", "node": "n1", "revision": earlier}, [])
    assert "ordered" in builder.note


def test_what_was_typed_while_a_node_was_renamed_still_means_that_node():
    builder = built()
    before = builder.revision
    for name in ("lo", "loa_x"):
        tell(builder, "field", node="n0", field="name", value=name, revision=before)
    tell(builder, "field", node="n0", field="description", value="reads", revision=before)
    assert builder.dag.nodes["loa_x"].description == "reads"
    assert builder.note == ""


def test_what_failed_is_run_again_as_it_is_now():
    builder = built()
    assert builder.executor.dag is builder.dag
    tell(builder, "field", node="n0", field="agent", value="ordered")
    assert builder.executor.dag is builder.dag
    builder.undo()
    assert builder.executor.dag.nodes["load"].agent is load


def test_an_empty_text_over_a_function_or_a_router_leaves_it():
    dag = AgentDAG("d")
    for name in "abc":
        dag.add_node(name, lambda: 1)
    dag.add_edge("a", "b", lambda state: False)
    dag.add_branch("b", lambda state: "l", {"l": "c"})
    builder = DagBuilder(dag)
    for source, target in (("n0", "n1"), ("n1", "n2")):
        for text in ("a >", ""):
            tell(builder, "field", source=source, target=target, field="condition", value=text)
    assert not builder.problems
    assert [edge.condition or edge.branch for edge in builder.dag.edges] == [
        edge.condition or edge.branch for edge in dag.edges
    ]


@pytest.mark.parametrize("revision", [None, -1, 10_000])
def test_ids_of_a_drawing_that_nobody_knows_change_nothing(revision):
    builder = built()
    builder._receive(builder, {"kind": "delete", "node": "n0", "revision": revision}, [])
    assert len(builder.dag) == 2
    assert builder.note != ""


def test_a_key_is_put_into_the_prompt_where_the_cursor_is():
    builder = built()
    tell(builder, "field", node="n1", field="prompt", value="Sort  please")
    tell(builder, "key", node="n1", key="load", at=5)
    assert builder.dag.nodes["ordered"].prompt == "Sort {load} please"


def test_the_code_and_the_json_are_those_of_the_dag():
    builder = built()
    assert builder.cell == builder.code()
    names = {"load": load, "ordered": ordered}
    exec(builder.code(), names)  # noqa: S102  # that it can be run is the point
    assert names["dag"].to_json(functions=names) == builder.dag.to_json(functions=names)
    other = DagBuilder(functions=names_of_palette(builder))
    other.load_json(builder.to_json())
    assert other.code() == builder.code()
    with pytest.raises(GraphError):
        other.load_json("{}")


def names_of_palette(builder):
    return {
        entry["name"]: {"load": load, "ordered": ordered}[entry["name"]]
        for entry in builder.palette
    }


@pytest.mark.anyio
async def test_a_run_takes_the_place_of_the_canvas_and_leaves_its_result():
    builder = built()
    result = await builder.run()
    assert result["ordered"] == [1, 2, 3]
    assert builder.executor.last_result["ordered"] == [1, 2, 3]
    assert (builder.mode, builder._run.header["status"]) == ("run", "success")
    assert builder.run_model == builder._run.model_id


@pytest.mark.anyio
async def test_run_is_off_while_a_run_goes_on():
    release = asyncio.Event()

    async def wait():
        await release.wait()

    builder = DagBuilder(functions={"wait": wait})
    builder.load_example()
    handle = builder.run()
    assert builder.toolbar["reason"] == "a run goes on"
    tell(builder, "run", values=[])
    release.set()
    await handle
    assert builder.toolbar["reason"] == ""


@pytest.mark.anyio
async def test_a_message_in_another_thread_starts_the_run_on_the_loop_of_the_cell():
    threads = []

    async def where():
        threads.append(threading.current_thread())

    builder = DagBuilder(functions={"where": where})
    builder.load_example()
    ended = told_when(builder, lambda: threads and builder.toolbar["reason"] == "")
    teller = threading.Thread(target=tell, args=(builder, "run"), kwargs={"values": []})
    teller.start()
    await ended.wait()
    teller.join()
    assert threads == [threading.current_thread()]


@pytest.mark.anyio
async def test_run_asks_for_the_keys_that_no_node_writes():
    builder = DagBuilder(functions={"product": lambda number, factor: number * factor})
    builder.load_example()
    assert builder.run_keys == ["number", "factor"]
    executor = builder.executor
    ended = told_when(builder, lambda: executor.last_result and not builder.toolbar["reason"])
    tell(builder, "run", values=[["number", "21"], ["factor", "2"]])
    await ended.wait()
    assert executor.last_result["product"] == 42


def test_typed_values_are_json_or_text():
    assert state_of([("a", '{"b": [1]}'), ("c", "two words"), ("d", "")]) == {
        "a": {"b": [1]},
        "c": "two words",
        "d": "",
    }


def test_keys_that_are_no_names_are_written_so_that_an_expression_can_read_them():
    assert [in_expression(key) for key in ("a", "my key", "if", "state", "é")] == [
        "a",
        "state['my key']",
        "state['if']",
        "state['state']",
        "state['é']",
    ]


def test_an_empty_builder_cannot_run_and_says_why():
    builder = DagBuilder()
    assert builder.toolbar["reason"] == "there is no node yet"
    tell(builder, "example")
    assert builder.toolbar["reason"] == ""
    assert len(builder.dag) > 2


def test_many_threads_that_edit_lose_no_step():
    builder = DagBuilder(functions={"load": load})
    adders = [
        threading.Thread(
            target=tell, args=(builder, "add"), kwargs={"what": "function", "name": "load"}
        )
        for _ in range(8)
    ]
    for adder in adders:
        adder.start()
    for adder in adders:
        adder.join()
    assert len(builder.dag) == 8
    assert len(builder._drawings[builder.revision]) == 8


def test_one_gesture_is_answered_by_one_message(monkeypatch):
    builder = built()
    sent = recorded(monkeypatch, builder)
    tell(builder, "click", node="n0")
    assert len(sent) == 1
    assert (builder.form["title"], builder.selected) == ("load", "n0")


def test_the_builder_carries_text_and_a_picture_with_its_problems():
    dag = AgentDAG("shared")
    dag.add_node("a", load, output_key="k")
    dag.add_node("b", load, output_key="k")
    builder = DagBuilder(dag)
    bundle, _ = builder._repr_mimebundle_()
    assert "Problems:" in bundle["text/plain"]
    assert builder.problems[0]["sentence"] in bundle["text/plain"]
    assert len(bundle["text/html"]) < 100_000
    with pytest.raises(GraphError):
        builder.run()


def test_the_given_dag_is_not_changed():
    dag = AgentDAG("mine")
    dag.node("load", load)
    builder = DagBuilder(dag, functions={"ordered": ordered})
    tell(builder, "add", what="function", name="ordered")
    assert list(dag.nodes) == ["load"]
    assert [entry["name"] for entry in builder.palette] == ["ordered", "load"]


def test_selecting_by_name_shows_the_form_and_unknown_names_are_refused():
    builder = built()
    builder.select("load")
    assert builder.form["title"] == "load"
    builder.select(None)
    assert builder.form == {}
    with pytest.raises(UnknownNodeError):
        builder.select("nobody")


def test_the_graph_turns():
    builder = built()
    wide = builder.svg
    tell(builder, "turn")
    assert builder.svg != wide
    tell(builder, "turn")
    assert builder.svg == wide


def test_names_and_texts_from_outside_come_as_they_are():
    builder = DagBuilder(functions={HOSTILE: load})
    tell(builder, "add", what="function", name=HOSTILE)
    assert builder.form["title"] == HOSTILE
    assert HOSTILE not in builder.svg


def test_a_builder_without_run_leaves_no_listener_behind():
    builder = built()
    builder.close()
    assert isinstance(builder.executor, DAGExecutor)
    assert builder.executor._listeners == []
