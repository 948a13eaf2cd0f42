"""Each settled node is on the disk before anything depends on it, and trouble is told."""

import asyncio
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from graph_makers import dag_of, sleeper, statuses
from killed_run import NODES
from run_logs import Log, cancelled_after

import linus_nb
from linus_nb.errors import JournalError, OptionError, RunBusyError
from linus_nb.graph import AgentNode, DAGExecutor, SharedState
from linus_nb.graph.durable import database, owning
from linus_nb.graph.durable.encoding import loads
from linus_nb.graph.durable.journal import Journal

pytestmark = pytest.mark.anyio

CAMPAIGN = bool(os.environ.get("LINUS_NB_CAMPAIGN"))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs.db"


def stored(path, run_id=None):
    """Return what is in the journal for the latest run: path to (status, output)."""
    opened = Journal(path, create=False)
    try:
        runs = [run_id] if run_id else [row.run_id for row, _ in opened.all_runs()[-1:]]
        rows = opened.nodes(runs[0]) if runs else {}
    finally:
        opened.close()
    return {p: (row.status, row.output and loads(row.output)) for p, row in rows.items()}


class TestOrder:
    @pytest.mark.parametrize("schedule", ["sequential", "levels", "dataflow"])
    def test_what_a_node_depends_on_is_stored_before_it_starts(self, path, schedule):
        dag = dag_of({"a": lambda: 1, "b": lambda a: stored(path)}, ["a b"])
        assert DAGExecutor(dag, journal=path).execute(schedule=schedule)["b"] == {
            "a": ("completed", 1)
        }

    def test_a_slot_is_held_until_the_result_is_stored(self, path):
        dag = dag_of({"a": lambda: 1, "b": lambda: sorted(stored(path))})
        result = DAGExecutor(dag, journal=path, max_concurrency=1).execute(parallel=True)
        assert result["b"] == ["a"]

    def test_the_loop_goes_on_while_the_disk_is_slow(self, path, monkeypatch):
        put, ticking = Journal.put_nodes, threading.Event()

        def slow(self, rows):
            assert ticking.wait(5), "the event loop stood still"
            return put(self, rows)

        async def ticker():
            ticking.set()

        async def both():
            executor = DAGExecutor(dag_of({"a": sleeper(0)}), journal=path)
            run = asyncio.ensure_future(executor.aexecute())
            await asyncio.sleep(0.05)
            await ticker()
            return await run

        monkeypatch.setattr(Journal, "put_nodes", slow)
        assert asyncio.run(both()).status == "success"

    async def test_what_had_finished_when_the_run_was_stopped_is_stored(self, path):
        log = Log()
        await cancelled_after(DAGExecutor(log.chain("a", "b"), journal=path), log, "b")
        assert stored(path) == {"a": ("completed", "a done")}

    def test_children_are_stored_as_parent_and_child(self, path):
        log = Log()
        DAGExecutor(dag_of({"p": log.chain("x", "y")}), journal=path).execute()
        assert set(stored(path)) == {"p", "p/x", "p/y"}

    def test_many_runs_share_a_journal(self, path):
        executors = [
            DAGExecutor(dag_of({"a": lambda n=n: n}, name=f"d{n}"), journal=path) for n in range(8)
        ]
        handles = [executor.start() for executor in executors]
        assert [handle.result(10)["a"] for handle in handles] == list(range(8))
        assert [executor.resume()["a"] for executor in executors] == list(range(8))

    async def test_reused_nodes_are_stored_in_the_new_run_too(self, path):
        log = Log()
        executor = DAGExecutor(log.chain("a", "b"), journal=path)
        first = await executor.aexecute()
        second = await executor.aexecute(reuse=True)
        assert log.take() == ["a", "b"]
        assert stored(path, second.run_id) == stored(path, first.run_id)
        assert (await executor.aresume()).run_id == second.run_id


class TestWhatCannotBeStored:
    def test_it_is_told_with_its_path_and_runs_again_on_resume(self, path):
        log, lock = Log(), threading.Lock()
        log.broken.add("c")
        dag = dag_of(
            {
                "a": log.node("a", value={"a": [1, {"lock": lock}]}),
                "b": log.node("b"),
                "c": log.node("c"),
            },
            ["a c", "b c"],
        )
        executor = DAGExecutor(dag, journal=path)
        result = executor.execute()
        assert result["a"]["a"][1]["lock"] is lock
        (notice,) = result.notices
        assert "'a' is not in the journal" in notice
        assert "$.a[1].lock" in notice
        log.broken.clear()
        log.take()
        assert executor.resume().status == "success"
        assert log.take() == ["a", "c"]

    def test_below_it_what_is_stored_does_not_run_again(self, path):
        log = Log()
        dag = dag_of({"a": threading.Lock, "b": log.node("b"), "c": log.node("c")}, ["a b", "b c"])
        log.broken.add("c")
        executor = DAGExecutor(dag, journal=path)
        executor.execute()
        log.broken.clear()
        log.take()
        assert executor.resume().nodes["b"].reused
        assert log.take() == ["c"]

    @pytest.mark.parametrize(
        "make", [threading.Lock, lambda: (i for i in ()), lambda: (x := [], x.append(x))[0]],
        ids=["lock", "generator", "circle"],
    )  # fmt: skip
    def test_the_run_goes_on(self, path, make):
        dag = dag_of({"a": make, "b": lambda: pd.DataFrame({"x": [1]})}, ["a b"])
        result = DAGExecutor(dag, journal=path).execute()
        assert result.status == "success"
        assert list(stored(path)) == ["b"]
        assert "'a' is not in the journal" in repr(result)
        again = DAGExecutor(dag, journal=path).resume()
        assert (again.status, statuses(again)["a"]) == ("success", "completed")

    def test_an_initial_state_is_supplied_again_by_the_executors_state(self, path):
        log, lock = Log(), threading.Lock()
        log.broken.add("b")
        dag = dag_of({"a": lambda lock: lock.locked(), "b": log.node("b")}, ["a b"])
        result = DAGExecutor(dag, journal=path).execute({"lock": lock, "x": 1})
        assert "'lock' of the initial state is not in the journal" in result.notices[0]
        with pytest.raises(JournalError, match=r"'lock' of its initial state") as caught:
            DAGExecutor(dag, journal=path).resume()
        assert "SharedState({'lock': ...})" in str(caught.value)
        log.broken.clear()
        executor = DAGExecutor(dag, SharedState({"lock": lock}), journal=path)
        result = executor.resume()
        assert (result["a"], result.final_state["x"]) == (False, 1)

    def test_a_response_alone_does_not_matter(self, path):
        class Reply:
            def __init__(self):
                self.result, self.completion_status = "text", {"lock": threading.Lock()}

        log = Log()
        log.broken.add("b")
        dag = dag_of({"a": lambda: log.ran.append("a") or Reply(), "b": log.node("b")}, ["a b"])
        executor = DAGExecutor(dag, journal=path)
        assert "the response of 'a'" in executor.execute().notices[0]
        log.broken.clear()
        assert executor.resume()["a"] == "text"
        assert log.take() == ["a", "b", "b"]


class TestTrouble:
    def limited(self, monkeypatch, pages):
        """Let the disk be full as soon as the journal has so many pages."""
        put_run = Journal.put_run

        def put_and_limit(opened, row):
            put_run(opened, row)
            opened._connection.execute(f"PRAGMA max_page_count={pages}")

        monkeypatch.setattr(Journal, "put_run", put_and_limit)

    def test_when_the_disk_is_full_the_run_goes_on_and_says_so(self, path, monkeypatch, caplog):
        log = Log()
        nodes = {
            "a": log.node("a"),
            "big": log.node("big", value="x" * 100_000),
            "c": log.node("c"),
        }
        dag = dag_of(nodes, ["a big", "big c"])
        self.limited(monkeypatch, 20)
        executor = DAGExecutor(dag, journal=path)
        result = executor.execute()
        assert result.status == "success"
        assert len(result["big"]) == 100_000
        assert any("disk is full" in notice and "'big'" in notice for notice in result.notices)
        assert "the run goes on in memory" in caplog.text
        assert list(linus_nb.runs(path)["status"]) == ["incomplete"]
        monkeypatch.undo()
        log.take()
        assert executor.resume()["c"] == "c done"
        assert "a" not in log.take()
        assert list(linus_nb.runs(path)["status"]) == ["success"]

    def test_a_journal_that_cannot_be_begun_is_told_before_any_node_runs(self, path, monkeypatch):
        log = Log()
        executor = DAGExecutor(log.chain("a"), journal=path)
        executor.execute()
        log.take()
        prepare = Journal._prepare

        def prepare_full(opened):
            prepare(opened)
            opened._connection.execute("PRAGMA max_page_count=1")

        monkeypatch.setattr(Journal, "_prepare", prepare_full)
        with pytest.raises(JournalError, match="disk is full"):
            executor.execute({"big": "x" * 100_000})
        assert log.take() == []

    def test_while_another_writes_the_results_wait_and_none_is_lost(self, path, monkeypatch):
        monkeypatch.setattr(database, "BUSY_SECONDS", 0.02)
        other = []

        def block():
            other.append(sqlite3.connect(path, isolation_level=None, check_same_thread=False))
            other[0].execute("BEGIN IMMEDIATE")

        def release():
            other[0].close()

        dag = dag_of(
            {"a": block, "b": lambda: 2, "c": release, "d": lambda: 4}, ["a b", "b c", "c d"]
        )
        result = DAGExecutor(dag, journal=path).execute()
        assert (result.status, result.notices) == ("success", [])
        assert set(stored(path)) == {"a", "b", "c", "d"}

    @pytest.mark.parametrize(
        ("content", "text"),
        [
            (b"this is no database, but it is long enough to be looked at as one" * 20, "damaged"),
            (None, "no journal"),
        ],
    )
    def test_another_file_is_left_alone(self, path, content, text):
        if content is None:
            with sqlite3.connect(path) as connection:
                connection.execute("CREATE TABLE mine (x)")
            connection.close()
        else:
            path.write_bytes(content)
        before = path.read_bytes()
        executor = DAGExecutor(dag_of({"a": lambda: 1}), journal=path)
        for call in (executor.execute, executor.resume, lambda: linus_nb.runs(path)):
            with pytest.raises(JournalError) as caught:
                call()
            assert text in str(caught.value)
        assert path.read_bytes() == before

    def test_a_torn_file_is_one_clear_error(self, path):
        executor = DAGExecutor(
            dag_of({"a": lambda: "x" * 50_000, "b": lambda: 1 / 0}, ["a b"]), journal=path
        )
        executor.execute()
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(JournalError, match="malformed") as caught:
            executor.resume()
        assert "keep it" in str(caught.value)
        path.write_bytes(whole)
        assert executor.resume().nodes["a"].reused

    def test_a_later_format_is_told(self, path):
        executor = DAGExecutor(dag_of({"a": lambda: 1}), journal=path)
        executor.execute()
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA user_version=99")
        connection.close()
        with pytest.raises(JournalError, match="format 99"):
            executor.execute()

    def test_a_folder_that_is_not_there_is_told(self, tmp_path):
        executor = DAGExecutor(dag_of({"a": lambda: 1}), journal=tmp_path / "no" / "runs.db")
        with pytest.raises(JournalError, match="cannot be opened"):
            executor.execute()
        assert executor.last_result is None

    def test_an_invalid_dag_leaves_no_run_behind(self, path):
        with pytest.raises(OptionError):
            DAGExecutor(dag_of({"a": lambda: 1}), journal=path).execute([])
        assert not path.exists()


class TestOddTexts:
    def test_half_a_character_in_an_error_or_a_name_stops_nothing(self, path):
        def fail():
            raise ValueError("bad \ud800")

        dag = dag_of({"a\ud800": fail, "b": lambda: 1}, name="odd \ud800")
        result = DAGExecutor(dag, journal=path, schedule="dataflow").execute()
        assert (result.status, result.notices) == ("failed", [])
        assert stored(path)["a\\ud800"][0] == "failed"
        assert linus_nb.runs(path)["status"].tolist() == ["failed"]

    def test_a_fault_of_ours_while_writing_leaves_nobody_waiting(self, path, monkeypatch):
        monkeypatch.setattr(Journal, "put_nodes", lambda *_: 1 / 0)
        result = DAGExecutor(dag_of({"a": lambda: 1}), journal=path).execute()
        assert result["a"] == 1
        assert "cannot be written: ZeroDivisionError" in " ".join(result.notices)


class TestOwnership:
    def test_of_several_that_ask_at_once_one_gets_it(self, path):
        lock = path.with_name(f"{path.name}-run.lock")
        with closing(sqlite3.connect(lock, isolation_level=None)) as asking:
            asking.execute("BEGIN")
            asking.execute("SELECT * FROM sqlite_master")  # as far as one that is late has come
            first = owning.Ownership(path, "run")
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                asking.execute("CREATE TABLE mine (x)")
        with pytest.raises(RunBusyError):
            owning.Ownership(path, "run")
        first.release()
        owning.Ownership(path, "run").release()

    def test_there_is_one_owner_until_it_lets_go(self, path):
        first = owning.Ownership(path, "r")
        with pytest.raises(RunBusyError, match="run r"):
            owning.Ownership(path, "r")
        owning.Ownership(path, "other").release()
        first.release()
        owning.Ownership(path, "r").release()
        assert list(path.parent.iterdir()) == []

    def test_it_ends_with_its_process(self, path):
        code = (
            "import sys, time, pathlib\n"
            "from linus_nb.graph.durable.owning import Ownership\n"
            "kept = Ownership(pathlib.Path(sys.argv[1]), 'r')\n"
            "print('owned', flush=True)\n"
            "time.sleep(60)\n"
        )
        owner = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE)
        assert owner.stdout.readline().strip() == b"owned"
        with pytest.raises(RunBusyError):
            owning.Ownership(path, "r")
        owner.kill()
        owner.wait()
        owner.stdout.close()
        owning.Ownership(path, "r").release()

    def test_nothing_but_the_journal_is_left_after_a_run(self, path):
        DAGExecutor(dag_of({"a": lambda: 1}), journal=path).execute()
        assert [p.name for p in path.parent.iterdir()] == ["runs.db"]


class TestRuns:
    async def test_one_row_a_run(self, path):
        log = Log()
        dag = dag_of({"a": log.node("a"), "b": log.node("b")}, ["a b"], name="d")
        dag.add_node(AgentNode("s", log.node("s"), on_error="skip"))
        executor = DAGExecutor(dag, journal=path)
        log.broken.add("s")
        results = [await executor.aexecute()]
        log.broken.add("b")
        results.append(await executor.aexecute())
        log.broken.clear()
        await cancelled_after(executor, log, "b")
        frame = linus_nb.runs(path)
        assert list(frame["run"]) == [*(r.run_id for r in results), executor.last_result.run_id]
        assert list(frame["status"]) == ["partial", "failed", "cancelled"]
        assert frame[["completed", "skipped", "failed"]].to_numpy().tolist() == [
            [2, 1, 0], [1, 1, 1], [2, 0, 0],
        ]  # fmt: skip
        assert frame["seconds"].notna().all()
        assert str(frame["started"].dtype).startswith("datetime64[")
        assert set(frame["nodes"]) == {3}

    async def test_a_run_whose_process_ended_is_interrupted(self, path):
        log = Log()
        log.hanging.add("a")
        task = asyncio.create_task(DAGExecutor(log.chain("a"), journal=path).aexecute())
        await log.hangs.wait()
        assert list(linus_nb.runs(path)["status"]) == ["running"]
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with sqlite3.connect(path) as connection:
            connection.execute(
                "UPDATE runs SET status = 'running'"
            )  # as a killed process leaves it
        connection.close()
        assert list(linus_nb.runs(path)["status"]) == ["interrupted"]

    def test_an_empty_journal_has_all_columns(self, path):
        Journal(path, create=True).close()
        frame = linus_nb.runs(path)
        assert (len(frame), list(frame.columns[:3])) == (0, ["run", "dag", "status"])
        assert frame["completed"].dtype == "int64"


def start(path, log):
    command = [sys.executable, str(Path(__file__).with_name("killed_run.py")), str(path), str(log)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "begun\n"
    return process


def told_at_the_end(process):
    told, _ = process.communicate(timeout=60)
    return told.split()


def started_in(log):
    return log.read_text().split() if log.exists() else []


@pytest.mark.campaign
def test_a_killed_process_loses_nothing_and_repeats_nothing(tmp_path):
    """Kill it at random instants, go on until it ends, and compare with one that was left."""
    kills, chance = (200 if CAMPAIGN else 6), random.Random(5)
    expected = told_at_the_end(start(tmp_path / "whole.db", tmp_path / "whole.log"))
    assert expected[0] == "success"
    killed = number = 0
    while killed < kills:
        number += 1
        path, log = tmp_path / f"{number}.db", tmp_path / f"{number}.log"
        while True:
            process = start(path, log)
            settled, before = set(stored(path) if path.exists() else ()), len(started_in(log))
            time.sleep(chance.uniform(0, 0.25))
            process.send_signal(signal.SIGKILL)
            told = told_at_the_end(process)
            again = {f"n{n}" for n in started_in(log)[before:]}
            assert not settled & again, "a settled node ran again"
            if told:
                break
            killed += 1
        assert told == expected
        assert len(stored(path)) <= NODES
    assert killed >= kills
