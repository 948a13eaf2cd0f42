"""How far a map is, in one line, and in none where nobody reads it."""

import asyncio
import io
import sys
import threading

import pytest
from graph_makers import dag_of, sleeper

from linus_nb.graph import DAGExecutor
from linus_nb.graph.mapping import progress
from linus_nb.graph.mapping.outcome import RowOutcome
from linus_nb.graph.mapping.progress import Count, progress_bar

pytestmark = pytest.mark.anyio

GOOD, BAD = RowOutcome("success"), RowOutcome("failed")


class Tty(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    """Return what lets standard error be a terminal, and keeps what that shows."""

    def begin(kind=Tty):
        shown = kind()
        monkeypatch.setattr(sys, "stderr", shown)
        return shown

    return begin


async def mapped(**options):
    dag = dag_of({"n": lambda number, **_: 1 / number}, name="inverse")
    return await DAGExecutor(dag).amap([{"number": n} for n in range(5)], **options)


class TestBar:
    async def test_it_counts_rows_and_failures_and_stays(self, terminal):
        shown = terminal()
        await mapped()
        last = shown.getvalue().rpartition("\r")[2]
        assert last.startswith("inverse: 100%")
        assert "5/5" in last
        assert "failed=1" in last
        assert last.count("\n") == 1

    async def test_a_stream_has_no_total(self, terminal):
        shown = terminal()
        dag = dag_of({"n": lambda number, **_: number}, name="streamed")
        await DAGExecutor(dag).amap({"number": n} for n in range(7))
        assert "streamed: 7row" in shown.getvalue()

    async def test_what_was_stored_does_not_count_as_fast(self, terminal):
        terminal()
        loop = asyncio.get_running_loop()
        with progress_bar("n", 10, loop, object()) as bar:
            bar.advance(GOOD, stored=True)
            bar.advance(GOOD, stored=False)
            told = bar._bar.format_dict
        assert (told["n"], told["initial"]) == (2, 1)

    async def test_nothing_of_it_is_left_running(self, terminal):
        terminal()
        before = set(threading.enumerate())  # other bars of this process may have their monitor
        await mapped()
        begun = set(threading.enumerate()) - before
        assert not [thread for thread in begun if "monitor" in thread.name]

    @pytest.mark.parametrize(("kind", "progress"), [(Tty, False), (io.StringIO, True)])
    async def test_there_is_none_where_it_is_not_wanted_or_nobody_reads(
        self, terminal, kind, progress
    ):
        shown = terminal(kind)
        await mapped(progress=progress)
        assert "5/5" not in shown.getvalue()


class TestLine:
    async def test_without_tqdm_it_is_a_status_line(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "tqdm.auto", None)
        monkeypatch.setattr("linus_nb.graph.status_line.SECONDS_UNTIL_SHOWN", 0.0)
        monkeypatch.setattr("linus_nb.graph.status_line.SECONDS_BETWEEN", 0.001)
        shown = []

        class Paper:
            show = finish = shown.append

        monkeypatch.setattr(progress, "find_screen", Paper)
        await DAGExecutor(dag_of({"n": sleeper(0.01)}, name="slow")).amap([{}] * 3)
        assert shown[0] == "slow: 0 of 3 rows · 0 s"
        assert shown[-1] == "slow: 3 of 3 rows · 0 s"

    def test_it_tells_what_is_left(self):
        now = [0.0]
        count = Count("dag", 1_000, lambda: now[0])
        for _ in range(100):
            count.advance(GOOD, stored=True)
        assert count.describe() == "dag: 100 of 1,000 rows · 0 s"
        now[0] = 30.0
        for outcome in (GOOD, BAD, *[GOOD] * 8):
            count.advance(outcome, stored=False)
        assert count.describe() == "dag: 110 of 1,000 rows · 1 failed · 30 s · about 44 min left"
        now[0] = 30_000.0
        assert count.describe().endswith("8.3 h · about 741.7 h left")

    def test_without_a_total_it_counts(self):
        count = Count("dag", None, lambda: 0.0)
        count.advance(GOOD, stored=False)
        assert count.describe() == "dag: 1 rows · 0 s"
