"""One run a row: what the frame holds, and that no row stops another."""

import asyncio
import gc
import logging
import threading
import time
import weakref
from dataclasses import dataclass

import pandas as pd
import pytest
from graph_makers import Spy, dag_of, sleeper, stubborn
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal, assert_index_equal

from linus_nb.errors import GraphError, MissingInputError, OptionError, RowsError
from linus_nb.graph import AgentDAG, AgentNode, DAGExecutor, SharedState
from linus_nb.graph.mapping import row_runs
from linus_nb.graph.run import Run
from linus_nb.testing import ScriptedModel, Step

pytestmark = pytest.mark.anyio

ADDED = ["status", "error", "seconds", "input_tokens", "output_tokens"]


def doubler():
    """Make a DAG of two nodes; it fails for numbers below 0."""
    dag = AgentDAG("doubler")

    @dag.node
    async def checked(number, **_):
        await asyncio.sleep(0)
        if number < 0:
            raise ValueError(f"{number} is negative")
        return number

    @dag.node
    def double(checked):
        return 2 * checked

    return dag


def numbers(*values):
    return pd.DataFrame({"number": values})


class TestFrame:
    async def test_it_is_the_table_with_the_outputs_beside_it(self):
        frame = await DAGExecutor(doubler()).amap(numbers(1, 2, 3))
        assert list(frame.columns) == ["number", "double", *ADDED]
        assert list(frame["double"]) == [2, 4, 6]
        assert list(frame["status"]) == ["success"] * 3
        assert frame["error"].isna().all()
        assert (frame["seconds"] > 0).all()

    def test_map_blocks(self):
        assert list(DAGExecutor(doubler()).map(numbers(4), progress=False)["double"]) == [8]

    def test_map_blocks_also_inside_of_a_node(self):
        def outer():
            return DAGExecutor(doubler()).map(numbers(4))["double"].sum()

        assert DAGExecutor(dag_of({"outer": outer})).execute()["outer"] == 8

    async def test_an_index_with_labels_twice_is_kept_as_it_is(self):
        table = pd.DataFrame({"number": [1, 2, 3]}, index=pd.Index(["a", "b", "a"], name="label"))
        frame = await DAGExecutor(doubler()).amap(table)
        assert_frame_equal(frame[["number"]], table)
        assert list(frame["double"]) == [2, 4, 6]

    async def test_the_table_is_not_changed(self):
        table = numbers(1)
        dag = dag_of({"n": lambda number, **_: number})
        frame = await DAGExecutor(dag).amap(table)
        frame.loc[0, "number"] = 99
        assert_frame_equal(table, numbers(1))

    async def test_rows_end_in_their_order_whoever_is_faster(self):
        dag = AgentDAG("late")

        @dag.node
        async def late(number, **_):
            await asyncio.sleep(0.02 / (1 + number))
            return number

        frame = await DAGExecutor(dag).amap(numbers(*range(20)))
        assert list(frame["late"]) == list(range(20))

    async def test_a_table_without_rows_has_all_columns(self):
        for empty in (numbers(), []):
            frame = await DAGExecutor(doubler()).amap(empty)
            assert (len(frame), list(frame.columns)[-6:]) == (0, ["double", *ADDED])

    @pytest.mark.parametrize(
        ("values", "dtype"),
        [
            ([1, 2], "int64"), ([1, None], "Int64"), ([True, False], "bool"),
            ([True, None], "boolean"), ([1.5, 2], "float64"), ([1.5, None], "float64"),
            (["a", None], "string"), ([[1], {"a": 1}], "object"), ([2**80, 1], "object"),
            ([None, None], "object"), ([pd.Timestamp(0), None], "datetime64[ns]"),
        ],
    )  # fmt: skip
    async def test_columns_have_the_type_of_what_is_in_them(self, values, dtype):
        dag = dag_of({"n": lambda at, **_: values[at]})
        frame = await DAGExecutor(dag).amap([{"at": 0}, {"at": 1}])
        assert frame["n"].dtype == dtype
        assert frame[ADDED].dtypes.astype(str).tolist() == [
            "string", "string", "float64", "Int64", "Int64",
        ]  # fmt: skip

    async def test_a_frame_or_a_container_can_be_an_output(self):
        dag = dag_of({"n": lambda at, **_: numbers(at) if at else [at, [at]]})
        frame = await DAGExecutor(dag).amap([{"at": 0}, {"at": 1}])
        assert frame["n"][0] == [0, [0]]
        assert_frame_equal(frame["n"][1], numbers(1))

    async def test_tokens_of_all_nodes_are_added_and_missing_where_nobody_counted(self):
        steps = [Step(text="a", input_tokens=3, output_tokens=1), Step(text="b")]
        dag = AgentDAG("models")
        dag.node("first", ScriptedModel(steps[:1] * 2), prompt="{word}")
        dag.node("second", ScriptedModel(steps[:1] + steps[1:]), prompt="{first}")
        frame = await DAGExecutor(dag).amap([{"word": "a"}, {"word": "b"}], max_concurrency=1)
        assert frame["input_tokens"].tolist() == [6, pd.NA]
        assert frame["output_tokens"].tolist() == [2, pd.NA]
        plain = await DAGExecutor(doubler()).amap(numbers(1))
        assert plain[["input_tokens", "output_tokens"]].isna().all(axis=None)

    @settings(max_examples=25, deadline=None)
    @given(
        rows=st.lists(
            st.tuples(st.integers(-5, 5), st.text(max_size=3), st.integers(0, 3)), max_size=30
        ),
        at_once=st.integers(1, 7),
    )
    def test_order_index_and_columns_are_those_of_the_table(self, rows, at_once):
        table = pd.DataFrame(
            {"number": [r[0] for r in rows], "text": [r[1] for r in rows]},
            index=pd.Index([r[2] for r in rows]),
        )
        frame = DAGExecutor(doubler()).map(table, max_concurrency=at_once)
        assert_frame_equal(frame[["number", "text"]], table)
        assert_index_equal(frame.index, table.index)
        assert list(frame["status"]) == ["failed" if r[0] < 0 else "success" for r in rows]
        assert frame["double"].dropna().tolist() == [2 * r[0] for r in rows if r[0] >= 0]
        assert frame["error"].isna().tolist() == [r[0] >= 0 for r in rows]


class TestColumns:
    async def test_those_of_the_end_nodes_are_returned(self):
        dag = dag_of(
            {"a": lambda number, **_: 1, "b": lambda a: 2, "c": lambda a: 3}, ["a b", "a c"]
        )
        frame = await DAGExecutor(dag).amap(numbers(0))
        assert list(frame.columns) == ["number", "b", "c", *ADDED]

    async def test_a_list_chooses_and_a_dict_renames(self):
        executor = DAGExecutor(doubler())
        chosen = await executor.amap(numbers(3), ["double", "checked"])
        assert list(chosen.columns) == ["number", "double", "checked", *ADDED]
        renamed = await executor.amap(numbers(3), {"checked": "same", "double": "twice"})
        assert renamed[["same", "twice"]].to_numpy().tolist() == [[3, 6]]

    @pytest.mark.parametrize(
        ("columns", "text"),
        [
            (["dobule"], "did you mean 'double'?"),
            ("double", "columns=['double']"),
            ({"double": "status"}, "'status_of_node'"),
            ({"double": "x", "checked": "x"}, "two columns"),
            ({"double": "number"}, "columns={'double': 'number_out'}"),
            (5, "columns=5"),
            ([["double"]], "not by ['double']"),
            ({"double": 5}, "not by 5"),
        ],
    )
    async def test_what_cannot_be_is_told_before_any_row_runs(self, columns, text):
        spy = []
        dag = doubler()
        dag.node("spy", lambda number, **_: spy.append(number))
        with pytest.raises(OptionError) as caught:
            await DAGExecutor(dag).amap(numbers(1), columns)
        assert text in str(caught.value)
        assert spy == []

    async def test_a_table_that_was_mapped_already_has_its_columns_renamed_first(self):
        executor = DAGExecutor(doubler())
        once = await executor.amap(numbers(1))
        with pytest.raises(OptionError, match="status_before"):
            await executor.amap(once, {"double": "again"})

    async def test_in_a_stream_a_column_of_the_same_name_is_kept_beside(self):
        frame = await DAGExecutor(doubler()).amap({"number": n, "status": "old"} for n in (1, 2))
        assert list(frame["status_input"]) == ["old", "old"]
        assert list(frame["status"]) == ["success", "success"]

    async def test_its_new_name_is_one_that_nothing_has(self):
        row = {"number": 1, "error": 2, "error_input": 3, "error_input_2": 4}
        frame = await DAGExecutor(doubler()).amap(iter([row]))
        names = [*list(row)[:1], "error_input_3", "error_input", "error_input_2", "double", *ADDED]
        assert list(frame.columns) == names

    async def test_whole_numbers_that_no_float_holds_stay_what_they_are(self):
        large = 2**60 + 1
        for values in ([large, 0.5], [large, None], [large, 1]):
            frame = await DAGExecutor(dag_of({"n": lambda v: v})).amap([{"v": v} for v in values])
            assert int(frame["n"][0]) == large


class TestBadRows:
    async def test_a_row_that_fails_stops_no_other_and_says_why(self, caplog):
        with caplog.at_level(logging.WARNING, "linus_nb"):
            frame = await DAGExecutor(doubler()).amap(numbers(1, -1, 2))
        assert list(frame["status"]) == ["success", "failed", "success"]
        assert frame["error"][1] == "'checked': ValueError: -1 is negative"
        assert frame["double"].tolist() == [2, pd.NA, 4]
        assert "1 of 3 rows of 'doubler' failed, the first is row 1" in caplog.text

    @pytest.mark.parametrize(
        ("row", "text"),
        [
            (7, "not 7"), (None, "not None"), ([("number", 1)], "a row is a dict"),
            ({3: 1, "number": 1}, "the key 3 of the row is no text"),
            ({"text": "a"}, "reads 'number', which nobody writes"),
        ],
    )  # fmt: skip
    async def test_a_row_that_is_none_is_a_failed_one(self, row, text):
        frame = await DAGExecutor(doubler()).amap([{"number": 1, "text": ""}, row, {"number": 2}])
        assert list(frame["status"]) == ["success", "failed", "success"]
        assert text in frame["error"][1]

    async def test_a_value_that_cannot_be_copied_fails_its_row(self):
        @dataclass
        class Odd:
            def __copy__(self):
                raise ValueError("there is only one")

        frame = await DAGExecutor(doubler()).amap([{"number": Odd()}, {"number": 2}])
        assert list(frame["status"]) == ["failed", "success"]
        assert frame["error"][0] == "ValueError: there is only one"

    async def test_a_node_that_stops_its_own_run_stops_only_that_one(self):
        dag = AgentDAG("stops")

        @dag.node
        async def stops(number, **_):
            if number == 1:
                asyncio.current_task().cancel()
                await asyncio.sleep(0)
            return number

        frame = await DAGExecutor(dag).amap(numbers(*range(30)), max_concurrency=2)
        assert frame["status"].value_counts().to_dict() == {"success": 29, "cancelled": 1}

    async def test_handled_errors_make_a_row_partial(self):
        dag = AgentDAG("partial")
        dag.add_node(AgentNode("a", lambda number, **_: 1 / number, on_error="continue"))
        frame = await DAGExecutor(dag).amap(numbers(0, 2))
        assert list(frame["status"]) == ["partial", "success"]
        assert "ZeroDivisionError" in frame["error"][0]

    async def test_the_error_of_a_nested_dag_is_told(self):
        child = dag_of({"x": AgentNode("x", lambda number, **_: 1 / number, on_error="skip")})
        frame = await DAGExecutor(dag_of({"p": child})).amap(numbers(0))
        assert frame["status"][0] == "partial"
        assert "'p/x': ZeroDivisionError" in frame["error"][0]


class TestRefused:
    @pytest.mark.parametrize(
        "rows",
        [numbers(1).rename(columns={"number": "numbers"}), [{"numbers": 1}, {"x": 2}]],
        ids=["frame", "list"],
    )
    async def test_a_column_that_no_row_has(self, rows):
        with pytest.raises(MissingInputError, match="did you mean 'numbers'"):
            await DAGExecutor(doubler()).amap(rows)

    async def test_a_dag_that_cannot_run(self):
        dag = dag_of({"a": AgentNode("a", print, output_key="x"),
                      "b": AgentNode("b", print, output_key="x")})  # fmt: skip
        with pytest.raises(GraphError, match="same key 'x'"):
            await DAGExecutor(dag).amap(iter([{}]))

    @pytest.mark.parametrize(
        ("rows", "text"),
        [
            ({"number": [1]}, "one dict"), (7, "not int"), ("rows.xlsx", "ends in '.xlsx'"),
            ("no.csv", "there is no file"),
            (pd.DataFrame({0: [1]}), "columns.map(str)"),
            (pd.DataFrame([[1, 2]], columns=["a", "a"]), "'a' 2 times"),
            (["a", "b"], "amap([{'text': row}"),
        ],
    )  # fmt: skip
    async def test_what_is_no_table(self, rows, text):
        executor = DAGExecutor(doubler())
        with pytest.raises(OptionError) as caught:
            await executor.amap(rows)
        assert text in str(caught.value)
        assert executor.last_map is None

    @pytest.mark.parametrize("options", [{"max_concurrency": 0}, {"limits": {"gpu": "1"}}])
    async def test_limits_that_are_none(self, options):
        with pytest.raises(OptionError, match="whole number"):
            await DAGExecutor(doubler()).amap(numbers(1), **options)

    @pytest.mark.parametrize("journal", [True, "rows\0.db"])
    async def test_a_journal_that_is_no_path(self, journal):
        with pytest.raises(OptionError, match="is no path of a file"):
            await DAGExecutor(doubler()).amap(numbers(1), journal=journal)

    async def test_a_key_that_is_no_column(self, tmp_path):
        with pytest.raises(OptionError, match="key='nummer' is no column"):
            await DAGExecutor(doubler()).amap(numbers(1), key="nummer", journal=tmp_path / "r.db")


class TestLimits:
    @pytest.mark.parametrize("at_once", [None, 1, 3])
    async def test_so_many_rows_run_at_once(self, at_once):
        spy = Spy()
        dag = dag_of({"n": spy.node("n", 0.001)})
        await DAGExecutor(dag).amap([{"x": 1}] * 40, max_concurrency=at_once)
        assert (spy.most, len(spy.started)) == (at_once or 10, 40)

    async def test_a_resource_is_limited_over_all_rows(self):
        spy, free = Spy(), Spy()
        dag = AgentDAG("limited")
        dag.add_node(AgentNode("a", spy.node("a", 0.001), resource="gpu"))
        dag.add_node(AgentNode("b", free.node("b", 0.001)))
        await DAGExecutor(dag).amap([{}] * 20, limits={"gpu": 2})
        assert (spy.most, len(spy.started)) == (2, 20)
        assert free.most > 2

    async def test_the_executors_limits_hold_over_all_rows_too(self):
        spy = Spy()
        dag = AgentDAG("limited")
        dag.add_node(AgentNode("a", spy.node("a", 0.001), resource="gpu"))
        dag.add_node(AgentNode("b", spy.node("b", 0.001)))
        executor = DAGExecutor(dag, max_concurrency=3, limits={"gpu": 1})
        await executor.amap([{}] * 20)
        assert (spy.most, len(spy.started)) == (3, 40)

    @pytest.mark.parametrize(("own", "further", "most"), [(2, 5, 2), (5, 2, 2)])
    async def test_of_two_limits_of_one_resource_the_smaller_holds(self, own, further, most):
        spy = Spy()
        dag = dag_of({"n": AgentNode("n", spy.node("n", 0.01), resource="gpu")})
        executor = DAGExecutor(dag, limits={"gpu": own})
        await executor.amap([{}] * 20, limits={"gpu": further})
        assert spy.most == most

    async def test_threads_are_shared_by_all_rows(self):
        names = set()
        dag = dag_of({"n": lambda: names.add(threading.current_thread().name)})
        await DAGExecutor(dag).amap([{}] * 50, max_concurrency=4)
        assert len(names) <= 4


class TestRuns:
    async def test_listeners_get_the_events_of_each_row_under_its_own_run(self):
        heard = []
        executor = DAGExecutor(doubler(), on_event=heard.append)
        await executor.amap(numbers(1, 2))
        ended = [event for event in heard if event.kind == "run_finished"]
        assert len({event.run_id for event in ended}) == 2
        assert sorted(event.run_id.rpartition("-")[2] for event in ended) == ["0", "1"]

    async def test_what_the_state_holds_every_row_may_read_and_no_row_writes(self):
        state = SharedState()
        state.set("factor", 10)
        dag = dag_of({"n": lambda number, factor: number * factor})
        frame = await DAGExecutor(dag, state).amap(numbers(1, 2))
        assert list(frame["n"]) == [10, 20]
        assert state.get_all() == {"factor": 10}

    async def test_no_row_sees_what_another_one_changes(self):
        state = SharedState()
        state.set("shared", [])

        def grow(number, shared):
            shared.append(number)
            return len(shared)

        frame = await DAGExecutor(dag_of({"n": grow}), state).amap(numbers(*range(5)))
        assert list(frame["n"]) == [1] * 5

    async def test_a_map_is_no_run(self):
        executor = DAGExecutor(doubler())
        result = await executor.aexecute({"number": 1})
        await executor.amap(numbers(1))
        assert executor.last_result.run_id == result.run_id

    async def test_a_run_is_gone_with_its_row(self, monkeypatch):
        runs, left = [], []

        class Remembered(Run):
            def __init__(self, *args):
                super().__init__(*args)
                left.append(sum(run() is not None for run in runs))
                runs.append(weakref.ref(self))

        monkeypatch.setattr(row_runs, "Run", Remembered)
        gc.disable()  # nothing of it may have to wait for the garbage collector
        try:
            await DAGExecutor(doubler()).amap(numbers(*range(40)), max_concurrency=2)
        finally:
            gc.enable()
        assert len(runs) == 40
        assert max(left) <= 2

    async def test_a_node_that_holds_the_loop_is_named(self):
        async def holds():
            time.sleep(0.25)  # noqa: ASYNC251 - that is what is told

        frame = await DAGExecutor(dag_of({"n": holds})).amap([{}])
        assert any("'n' held the event loop" in notice for notice in frame.attrs["notices"])


class TestStop:
    async def stopped(self, executor, rows, begun, **options):
        """Stop a map when ``begun`` is set; return the seconds that it took to end."""
        loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(executor.amap(rows, **options))
        await begun.wait()
        task.cancel()
        asked = loop.time()
        with pytest.raises(asyncio.CancelledError):
            await task
        return loop.time() - asked

    async def test_what_finished_is_kept_and_nothing_is_left_running(self, tmp_path):
        begun, dag = asyncio.Event(), AgentDAG("stopped")

        @dag.node
        async def work(number, **_):
            if number == 6:  # whoever had one of the first three has gone on
                begun.set()
            if number >= 3:
                await asyncio.sleep(1_000)
            return number

        executor = DAGExecutor(dag)
        rows = numbers(*range(8))
        before = asyncio.all_tasks()
        took = await self.stopped(
            executor, rows, begun, max_concurrency=4, journal=tmp_path / "rows.db"
        )
        assert took < 0.3
        assert asyncio.all_tasks() == before
        frame = executor.last_map
        assert_frame_equal(frame[["number"]], rows)
        assert list(frame["status"]) == ["success"] * 3 + ["cancelled"] * 5
        assert frame["work"].tolist()[:3] == [0, 1, 2]

    async def test_while_the_rows_are_waited_for(self):
        begun = asyncio.Event()

        async def rows():
            yield {"number": 1}
            begun.set()
            await asyncio.sleep(1_000)

        executor = DAGExecutor(doubler())
        assert await self.stopped(executor, rows(), begun, max_concurrency=1) < 0.3
        assert list(executor.last_map["status"]) == ["success"]

    async def test_a_node_that_swallows_its_cancellation_is_named(self):
        begun, node = asyncio.Event(), stubborn(0.5)

        async def begins():
            begun.set()
            return await node()

        executor = DAGExecutor(dag_of({"n": begins}))
        assert await self.stopped(executor, [{}], begun) < 0.5
        assert "'n'" in executor.last_map.attrs["notices"][0]

    async def test_of_a_list_all_rows_are_in_the_frame(self):
        begun = asyncio.Event()

        async def waits(number):
            begun.set()
            await asyncio.sleep(1_000)

        executor = DAGExecutor(dag_of({"n": waits}))
        rows = [{"number": n} for n in range(30)]
        await self.stopped(executor, rows, begun, max_concurrency=2)
        assert executor.last_map["number"].tolist() == list(range(30))
        assert set(executor.last_map["status"]) == {"cancelled"}

    async def test_the_frame_so_far_can_be_looked_at_meanwhile(self):
        executor = DAGExecutor(dag_of({"n": sleeper(0.05)}))
        task = asyncio.ensure_future(executor.amap([{}] * 3, max_concurrency=1))
        await asyncio.sleep(0.07)
        assert list(executor.last_map["status"]) == ["success", "waiting", "waiting"]
        assert list((await task)["status"]) == ["success"] * 3


class TestSourceThatFails:
    @pytest.mark.parametrize("asynchronous", [True, False])
    async def test_the_rows_before_are_kept_and_the_error_is_told(self, asynchronous):
        def broken():
            yield {"number": 1}
            yield {"number": 2}
            raise OSError("the line is cut")

        async def broken_async():
            for row in broken():
                yield row

        executor = DAGExecutor(doubler())
        with pytest.raises(RowsError, match=r"after 2 rows .* the line is cut") as caught:
            await executor.amap(broken_async() if asynchronous else broken())
        assert isinstance(caught.value.__cause__, OSError)
        assert list(executor.last_map["double"]) == [2, 4]

    @pytest.mark.parametrize("asynchronous", [True, False])
    @pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt, asyncio.CancelledError])
    async def test_whatever_it_raises_ends_the_map_and_nothing_else(self, asynchronous, error):
        def broken():
            yield {"number": 1}
            raise error

        async def broken_async():
            yield {"number": 1}
            raise error

        executor = DAGExecutor(doubler())
        with pytest.raises(RowsError, match="after 1 rows"):
            await executor.amap(broken_async() if asynchronous else broken())
        assert list(executor.last_map["double"]) == [2]
