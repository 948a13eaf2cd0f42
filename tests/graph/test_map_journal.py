"""A finished row is on the disk and never runs again, whatever happens in between."""

import asyncio
import os
import pickle
import random
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pandas as pd
import pytest
from graph_makers import dag_of
from killed_map import ROWS
from pandas.testing import assert_frame_equal
from PIL import Image

from linus_nb.errors import JournalError, RunBusyError
from linus_nb.graph import AgentDAG, AgentNode, DAGExecutor, SharedState
from linus_nb.graph.durable.journal import Journal
from linus_nb.graph.mapping.row_journal import RowJournal

pytestmark = pytest.mark.anyio

CAMPAIGN = bool(os.environ.get("LINUS_NB_CAMPAIGN"))
TABLE = pd.DataFrame({"name": list("abcd"), "number": [1, 2, 3, 4]})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "rows.db"


class Counting:
    """A DAG that notes which rows it has run, and fails for some."""

    def __init__(self, times=10):
        self.ran, self.broken, self.times = [], set(), times

    def dag(self):
        dag, counting, times = AgentDAG("counting"), self, self.times

        @dag.node
        def out(number, **_):
            counting.ran.append(number)
            if number in counting.broken:
                raise ValueError(f"{number} is broken")
            return times * number

        return dag

    async def map(self, path, rows=TABLE, columns=None, **options):
        """Map, and return the frame and what has run for it."""
        self.ran.clear()
        frame = await DAGExecutor(self.dag()).amap(rows, columns, journal=path, **options)
        return frame, sorted(self.ran)


class TestAgain:
    async def test_finished_rows_do_not_run_again_and_the_frame_is_the_same(self, path):
        counting = Counting()
        first, ran = await counting.map(path)
        assert ran == [1, 2, 3, 4]
        again, ran = await counting.map(path)
        assert ran == []
        assert_frame_equal(again, first)
        assert again.attrs["notices"] == []

    async def test_failed_rows_run_again_unless_that_is_not_wanted(self, path):
        counting = Counting()
        counting.broken.update({2, 3})
        first, _ = await counting.map(path)
        kept, ran = await counting.map(path, retry_failed=False)
        assert ran == []
        assert_frame_equal(kept, first)
        counting.broken.clear()
        again, ran = await counting.map(path)
        assert ran == [2, 3]
        assert list(again["status"]) == ["success"] * 4

    async def test_a_row_whose_content_changed_runs_again_and_that_is_told(self, path, caplog):
        counting = Counting()
        await counting.map(path)
        changed = TABLE.assign(number=[1, 2, 30, 4])
        frame, ran = await counting.map(path, changed)
        assert ran == [30]
        assert frame.attrs["notices"] == [
            f"1 row of {str(path)!r} ran again: their content has changed"
        ]
        assert "their content has changed" in caplog.text

    async def test_what_a_node_notes_by_running_is_no_change_of_the_dag(self, path):
        noted = []

        def notes(number, **_):
            noted.append(number)
            return len(noted)

        for _ in range(3):
            frame = await DAGExecutor(dag_of({"n": notes})).amap(TABLE, journal=path)
            assert frame.attrs["notices"] == []
        assert sorted(noted) == [1, 2, 3, 4]

    async def test_after_a_change_of_the_dag_all_rows_run_again_and_that_is_told(self, path):
        await Counting().map(path)
        frame, ran = await Counting(times=20).map(path)
        assert ran == [1, 2, 3, 4]
        assert list(frame["out"]) == [20, 40, 60, 80]
        assert "4 rows" in frame.attrs["notices"][0]
        assert "the DAG has changed" in frame.attrs["notices"][0]

    async def test_what_every_row_reads_belongs_to_the_dag(self, path):
        def product(number, factor):
            return number * factor

        outs = []
        for factor in (2, 2, 3):
            state = SharedState()
            state.set("factor", factor)
            executor = DAGExecutor(dag_of({"n": product}), state)
            frame = await executor.amap(TABLE, journal=path)
            outs.append((frame["n"][1], len(frame.attrs["notices"])))
        assert outs == [(4, 0), (4, 0), (6, 1)]

    async def test_further_rows_are_the_only_ones_to_run(self, path):
        counting = Counting()
        await counting.map(path)
        longer = pd.concat([TABLE, TABLE.assign(number=9)], ignore_index=True)
        _, ran = await counting.map(path, longer)
        assert ran == [9] * 4

    async def test_fewer_columns_than_were_stored_may_be_asked_for(self, path):
        def dag():
            return dag_of({"a": lambda number, **_: number, "b": lambda a: -a}, ["a b"])

        await DAGExecutor(dag()).amap(TABLE, ["a", "b"], journal=path)
        fewer = await DAGExecutor(dag()).amap(TABLE, {"a": "x"}, journal=path)
        assert (fewer["x"].tolist(), fewer.attrs["notices"]) == ([1, 2, 3, 4], [])

    async def test_columns_that_were_not_stored_run_again(self, path):
        def dag():
            return dag_of({"a": lambda number, **_: number, "b": lambda a: -a}, ["a b"])

        await DAGExecutor(dag()).amap(TABLE, journal=path)
        frame = await DAGExecutor(dag()).amap(TABLE, ["a"], journal=path)
        assert "mapped for other columns" in frame.attrs["notices"][0]

    async def test_a_journal_serves_many_dags(self, path):
        for name in ("one", "two", "one"):
            dag = dag_of({"n": lambda number, **_: number}, name=name)
            frame = await DAGExecutor(dag).amap(TABLE, journal=path)
            assert frame.attrs["notices"] == []

    async def test_outputs_come_back_as_what_they_were(self, path):
        def dag():
            return dag_of({"n": lambda number, **_: (number, {"a": {1, 2}}, TABLE, 1.5)})

        for _ in range(2):
            frame = await DAGExecutor(dag()).amap(TABLE[:1], journal=path)
            number, containers, table, half = frame["n"][0]
            assert (number, containers, half) == (1, {"a": {1, 2}}, 1.5)
            assert_frame_equal(table, TABLE)


class TestKeys:
    @pytest.mark.parametrize("key", ["name", lambda row: (row["name"], 1)], ids=["column", "call"])
    async def test_by_key_the_order_does_not_count(self, path, key):
        counting = Counting()
        await counting.map(path, key=key)
        frame, ran = await counting.map(path, TABLE[::-1], key=key)
        assert (ran, list(frame["out"])) == ([], [40, 30, 20, 10])
        assert list(frame.index) == [3, 2, 1, 0]

    async def test_by_position_it_does(self, path):
        counting = Counting()
        await counting.map(path)
        _, ran = await counting.map(path, TABLE[::-1])
        assert ran == [1, 2, 3, 4]

    async def test_rows_of_the_same_key_are_all_kept(self, path):
        counting, same = Counting(), TABLE.assign(name="x")
        await counting.map(path, same, key="name")
        frame, ran = await counting.map(path, same, key="name")
        assert (ran, list(frame["out"])) == ([], [10, 20, 30, 40])

    async def test_a_row_without_its_key_is_a_failed_one(self, path):
        rows = [{"id": 1, "number": 1}, {"number": 2}, {"id": object(), "number": 3}]
        frame, ran = await Counting().map(path, rows, key="id")
        assert (list(frame["status"]), ran) == (["success", "failed", "failed"], [1])
        assert "key='id' names no row: KeyError" in frame["error"][1]
        assert "cannot be stored" in frame["error"][2]

    async def test_a_function_gets_a_row_of_its_own(self, path):
        frame, _ = await Counting().map(path, key=lambda row: row.pop("number"))
        assert list(frame["out"]) == [10, 20, 30, 40]

    @pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt, ValueError("no key")])
    async def test_a_function_that_raises_fails_its_row_whatever_it_raises(self, path, error):
        def key(row):
            if row["number"] == 2:
                raise error
            return row["number"]

        frame, ran = await Counting().map(path, key=key)
        assert (list(frame["status"]).count("failed"), ran) == (1, [1, 3, 4])


class Document:
    """No data for a journal, and told by what is in it."""

    def __init__(self, text):
        self._text = text

    def text(self):
        return self._text


class Slotted:
    __slots__ = ("url",)

    def __init__(self, url):
        self.url = url


class Connected(Document):
    """Nobody can tell what is behind its lock."""

    def __init__(self, text):
        super().__init__(text)
        self.lock = threading.Lock()


def deep(levels):
    value = []
    for _ in range(levels):
        value = [value]
    return value


class TestObjects:
    """What is no data is told by its content, and where it cannot be told it has changed."""

    @pytest.mark.parametrize(
        ("make", "values"),
        [
            (Document, "ab"), (Slotted, "ab"), (re.compile, "ab"),
            (lambda text: [Document([text])], "ab"),
            (lambda colour: Image.new("RGB", (2, 2), colour), ["red", "blue"]),
        ],
        ids=["private attribute", "slots", "pattern", "inside", "picture"],
    )  # fmt: skip
    async def test_by_its_content(self, path, make, values):
        dag, notices = dag_of({"n": lambda value: 1}), []
        for value in (values[0], values[0], values[1]):
            frame = await DAGExecutor(dag).amap([{"value": make(value)}], journal=path)
            notices += [frame.attrs["notices"]]
        again = [f"1 row of {str(path)!r} ran again: their content has changed"]
        assert notices == [[], [], again]

    @pytest.mark.parametrize("value", [Connected("a"), deep(400)], ids=["lock", "deep"])
    async def test_a_row_that_cannot_be_told_runs_again_and_says_that(self, path, value):
        dag = dag_of({"n": lambda value: 1})
        for again in (False, True):
            frame = await DAGExecutor(dag).amap([{"value": value}], journal=path)
            told = "there is no telling whether their content has changed"
            assert [told in notice for notice in frame.attrs["notices"]] == [True] * again

    @pytest.mark.parametrize(("kind", "told"), [(Document, "changed"), (Connected, "no telling")])
    async def test_a_client_in_the_state_counts_with_its_content(self, path, kind, told):
        texts = []
        for text in ("a", "b"):
            state = SharedState()
            state.set("client", kind(text))
            executor = DAGExecutor(dag_of({"n": lambda client, **_: client.text()}), state)
            frame = await executor.amap(TABLE, journal=path)
            texts.append(frame["n"][0])
        assert texts == ["a", "b"]
        assert told in frame.attrs["notices"][0]


class TestTrouble:
    async def test_many_rows_that_cannot_be_stored_are_one_notice(self, path, caplog):
        dag = dag_of({"n": lambda number: threading.Lock()})
        frame = await DAGExecutor(dag).amap([{"number": n} for n in range(200)], journal=path)
        (notice,) = frame.attrs["notices"]
        assert notice.startswith("200 rows are not in the journal, the first is row ")
        assert caplog.text.count("is not in the journal") == 1

    async def test_a_link_to_a_journal_is_that_journal(self, path):
        counting, link = Counting(), path.with_name("link.db")
        await counting.map(path)
        link.symlink_to(path)
        assert (await counting.map(link))[1] == []
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def waits():
            begun.set()
            await go_on.wait()

        dag = dag_of({"n": waits})
        first = asyncio.ensure_future(DAGExecutor(dag).amap([{}], journal=path))
        await begun.wait()
        with pytest.raises(RunBusyError):
            await counting.map(link)
        go_on.set()
        assert list((await first)["status"]) == ["success"]

    async def test_a_row_that_cannot_be_stored_runs_again_and_that_is_told(self, path):
        dag = dag_of({"n": lambda number, **_: threading.Lock() if number == 2 else number})
        for _ in range(2):
            frame = await DAGExecutor(dag).amap(TABLE, journal=path)
            assert list(frame["status"]) == ["success"] * 4
            (notice,) = frame.attrs["notices"]
            assert notice.startswith("row 1 is not in the journal: $.n cannot be stored")

    async def test_when_the_disk_is_full_the_map_goes_on_and_says_so(
        self, path, monkeypatch, caplog
    ):
        begin = RowJournal.rows

        def begin_full(opened, dag):
            opened._connection.execute("PRAGMA max_page_count=30")
            return begin(opened, dag)

        monkeypatch.setattr(RowJournal, "rows", begin_full)
        dag = dag_of({"n": lambda number, **_: "x" * 30_000 + str(number)})
        frame = await DAGExecutor(dag).amap(TABLE, journal=path, max_concurrency=1)
        assert list(frame["status"]) == ["success"] * 4
        assert "disk is full" in frame.attrs["notices"][-1]
        assert "run again the next time" in frame.attrs["notices"][-1]
        assert "goes on in memory" in caplog.text
        monkeypatch.undo()
        frame = await DAGExecutor(dag).amap(TABLE, journal=path)
        assert (list(frame["status"]), frame.attrs["notices"]) == (["success"] * 4, [])

    @pytest.mark.parametrize(
        ("content", "text"),
        [(b"this is no database, but long enough to be looked at as one" * 20, "damaged"),
         ("other", "no journal"), ("runs", "of another kind")],
        ids=["damaged", "another file", "a journal of runs"],
    )  # fmt: skip
    async def test_another_file_is_left_alone(self, path, content, text):
        if content == "runs":
            Journal(path, create=True).close()
        elif content == "other":
            with sqlite3.connect(path) as connection:
                connection.execute("CREATE TABLE mine (a)")
            connection.close()
        else:
            path.write_bytes(content)
        before = path.read_bytes()
        with pytest.raises(JournalError, match=text):
            await Counting().map(path)
        assert path.read_bytes() == before

    async def test_a_journal_of_maps_is_none_of_runs(self, path):
        await Counting().map(path)
        with pytest.raises(JournalError, match="of another kind"):
            await DAGExecutor(Counting().dag(), journal=path).aexecute({"number": 1})

    async def test_a_torn_file_is_told_and_kept(self, path):
        counting = Counting()
        await counting.map(path, pd.concat([TABLE] * 200))
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(JournalError, match="malformed"):
            await counting.map(path)
        path.write_bytes(whole)
        assert (await counting.map(path))[1] == []

    async def test_two_maps_at_once_are_refused(self, path):
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def waits():
            begun.set()
            await go_on.wait()

        dag = dag_of({"n": waits})
        first = asyncio.ensure_future(DAGExecutor(dag).amap([{}], journal=path))
        await begun.wait()
        with pytest.raises(RunBusyError, match=r"a map of .* is at work in another executor"):
            await Counting().map(path)
        go_on.set()
        assert list((await first)["status"]) == ["success"]
        assert (await Counting().map(path))[1] == [1, 2, 3, 4]

    async def test_a_folder_that_is_not_there_is_told(self, tmp_path):
        with pytest.raises(JournalError, match="cannot be opened"):
            await Counting().map(tmp_path / "no" / "rows.db")

    async def test_nothing_but_the_journal_is_left(self, path):
        await Counting().map(path)
        assert [p.name for p in path.parent.iterdir()] == ["rows.db"]


class TestSize:
    async def test_a_row_costs_the_same_however_large_its_dag(self, path):
        sizes = []
        for nodes in (2, 40):
            dag = dag_of({f"n{n}": AgentNode(f"n{n}", lambda: 1) for n in range(nodes)})
            own = path.with_name(f"{nodes}.db")
            await DAGExecutor(dag).amap([{"a": n} for n in range(300)], ["n0"], journal=own)
            sizes.append(own.stat().st_size)
        assert abs(sizes[0] - sizes[1]) <= 2 * 4096  # two pages of the file

    async def test_it_grows_with_the_rows_and_no_faster(self, path):
        counting, sizes = Counting(), []
        for rows in (1_000, 2_000):
            own = path.with_name(f"{rows}.db")
            await counting.map(own, [{"number": n} for n in range(rows)], max_concurrency=200)
            sizes.append(own.stat().st_size)
        assert sizes[1] < 2.2 * sizes[0]


class TestStop:
    async def test_what_had_finished_is_stored(self, path):
        begun = asyncio.Event()

        def dag(waits):
            async def work(number, **_):
                if waits and number == 3:
                    begun.set()
                    await asyncio.sleep(1_000)
                return number

            return dag_of({"n": work})

        executor = DAGExecutor(dag(waits=True))
        task = asyncio.ensure_future(executor.amap(TABLE, journal=path, max_concurrency=1))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert list(executor.last_map["status"]) == ["success"] * 2 + ["cancelled"] * 2
        opened = RowJournal(path, create=False)
        assert {row.status for row in opened.rows(1).values()} == {"success"}
        assert len(opened.rows(1)) == 2
        opened.close()


def start(*paths):
    script = Path(__file__).with_name("killed_map.py")
    command = [sys.executable, str(script), *map(str, paths)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def finished_in(path):
    """Return the rows that are on the disk as finished, by their number."""
    if not path.exists():
        return set()
    opened = RowJournal(path, create=False)
    try:
        rows = opened.rows(opened.number_of("killed"))
    finally:
        opened.close()
    return {int(key) for key, row in rows.items() if row.status == "success"}


def executed_in(log):
    return [int(line) for line in log.read_text().split()] if log.exists() else []


@pytest.mark.campaign
def test_a_killed_map_loses_nothing_and_repeats_nothing(tmp_path):
    """Kill it at random instants, go on until it ends, and compare with one that was left."""
    whole = tmp_path / "whole.pkl"
    start(tmp_path / "whole.db", tmp_path / "whole.log", whole).communicate(timeout=120)
    kills, chance = (20 if CAMPAIGN else 2), random.Random(3)
    path, log, out = (tmp_path / name for name in ("rows.db", "rows.log", "out.pkl"))
    killed = runs = 0
    while killed < kills or not out.exists():
        if out.exists():  # it was too fast to be killed: from the beginning
            runs += 1
            path, log, out = (tmp_path / f"{runs}{n}" for n in (".db", ".log", ".pkl"))
        finished, before = finished_in(path), len(executed_in(log))
        process = start(path, log, out)
        process.stdout.readline()
        if killed < kills:
            time.sleep(chance.uniform(0, 0.15))
            process.send_signal(signal.SIGKILL)
        process.communicate(timeout=120)
        killed += process.returncode == -signal.SIGKILL
        assert finished.isdisjoint(executed_in(log)[before:]), "a finished row ran again"
    expected = pickle.loads(whole.read_bytes())  # noqa: S301 - it is ours
    assert_frame_equal(pickle.loads(out.read_bytes()), expected)  # noqa: S301
    assert set(executed_in(log)) == set(range(ROWS))
