"""The rows of a map, wherever they come from."""

import asyncio
import builtins
import gc
import json
import sqlite3
import threading
import time
import weakref
from collections import UserDict

import pandas as pd
import pytest
from graph_makers import Spy, dag_of
from pandas.testing import assert_frame_equal, assert_index_equal

from linus_nb.errors import MissingExtraError, MissingInputError, OptionError, RowsError
from linus_nb.graph import DAGExecutor
from linus_nb.graph.mapping import files

pytestmark = pytest.mark.anyio

TABLE = pd.DataFrame(
    {"number": range(25), "text": [f"t{n}" for n in range(25)], "share": [n / 8 for n in range(25)]}
)


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch):
    monkeypatch.setattr(files, "CHUNK", 4)


def triple():
    async def triple(number, text):
        return (3 * number, text)

    return dag_of({"triple": triple})


async def mapped(rows, **options):
    return await DAGExecutor(triple()).amap(rows, **options)


def as_expected(frame, columns=("number", "text")):
    assert frame["status"].tolist() == ["success"] * 25
    assert [tuple(value) for value in frame["triple"]] == [(3 * n, f"t{n}") for n in range(25)]
    assert_frame_equal(frame[list(columns)], TABLE[list(columns)], check_dtype=False)


def write_csv(path):
    TABLE.to_csv(path, index=False)


def write_tsv(path):
    TABLE.to_csv(path, index=False, sep="\t")


def write_parquet(path):
    TABLE.to_parquet(path)


def write_lines(path):
    TABLE.to_json(path, orient="records", lines=True)


FILES = {
    "rows.csv": write_csv, "rows.tsv": write_tsv, "rows.parquet": write_parquet,
    "rows.jsonl": write_lines, "ROWS.NDJSON": write_lines,
}  # fmt: skip


class TestIterables:
    @pytest.mark.parametrize("make", [list, tuple, iter], ids=["list", "tuple", "iterator"])
    async def test_dicts(self, make):
        as_expected(await mapped(make(TABLE.to_dict("records"))))

    async def test_an_async_generator(self):
        async def rows():
            for row in TABLE.to_dict("records"):
                await asyncio.sleep(0)
                yield row

        as_expected(await mapped(rows()))

    async def test_one_dict_that_is_filled_again_for_each_row(self):
        def rows():
            row = {}
            for number in range(25):
                row["number"], row["text"] = number, f"t{number}"
                yield row

        as_expected(await mapped(rows()))

    async def test_columns_that_not_every_row_has(self):
        frame = await DAGExecutor(dag_of({"n": lambda a, **_: a})).amap(
            [{"a": 1}, {"a": 2, "b": 3}]
        )
        assert frame["b"].tolist()[1:] == [3]
        assert frame["b"].isna().tolist() == [True, False]

    async def test_a_stream_is_read_only_so_far_ahead_as_rows_run(self):
        spy, ahead = Spy(), []

        async def rows():
            for number in range(60):
                ahead.append(number + 1 - len(finished))
                yield {"number": number}

        finished = []

        async def slow(number, **_):
            await spy.node("n", 0.001)()
            finished.append(number)

        await DAGExecutor(dag_of({"n": slow})).amap(rows(), max_concurrency=5)
        assert len(finished) == 60
        assert max(ahead) <= 5

    async def test_rows_run_before_a_slow_stream_has_ended(self):
        ran = asyncio.Event()

        async def rows():
            yield {"number": 1}
            await asyncio.wait_for(ran.wait(), 5)
            yield {"number": 2}

        async def tells(number, **_):
            ran.set()
            return number

        frame = await DAGExecutor(dag_of({"n": tells})).amap(rows(), max_concurrency=1)
        assert frame["n"].tolist() == [1, 2]

    async def test_a_slow_iterator_does_not_hold_the_loop(self):
        asked, go_on = threading.Event(), threading.Event()

        def rows():
            yield {"number": 1}
            asked.set()
            go_on.wait(5)
            yield {"number": 2}

        task = asyncio.ensure_future(mapped(dict(row, text="") for row in rows()))
        while not asked.is_set():  # noqa: ASYNC110 - it is set in a thread
            await asyncio.sleep(0.001)
        go_on.set()
        assert (await task)["number"].tolist() == [1, 2]

    async def test_a_mapping_that_cannot_be_read_is_a_failed_row(self):
        class Lazy(UserDict):
            def __getitem__(self, key):
                raise OSError("the line is cut")

        rows = [{"number": 1, "text": ""}, Lazy(number=2), {"number": 3, "text": ""}]
        for given in (rows, iter(rows)):
            frame = await mapped(given)
            assert frame["status"].tolist() == ["success", "failed", "success"]
            assert "cannot be read: OSError: the line is cut" in frame["error"][1]

    async def test_what_says_it_is_empty_and_is_not_is_read(self):
        class Lying:
            def __len__(self):
                return 0

            def __iter__(self):
                return iter([{"number": 1, "text": ""}])

        assert (await mapped(Lying()))["status"].tolist() == ["success"]


class Closing:
    """Streams of rows that note when they are closed, each waits for ever after the first."""

    def __init__(self):
        self.asked, self.closed, self.go_on = (threading.Event() for _ in range(3))

    async def stream(self):
        try:
            yield {"number": 1, "text": ""}
            self.asked.set()
            await asyncio.sleep(1_000)
        finally:
            self.closed.set()

    async def stubborn(self):
        try:
            async for row in self.stream():
                yield row
        except asyncio.CancelledError:
            await asyncio.sleep(0.5)
            raise

    def generator(self):
        try:
            yield {"number": 1, "text": ""}
            self.asked.set()
            self.go_on.wait(5)
            yield {"number": 2, "text": ""}
        finally:
            self.closed.set()


class TestStop:
    async def stopped(self, rows, closing):
        """Stop a map that waits for rows and return the seconds it takes."""
        task = asyncio.ensure_future(mapped(rows))
        while not closing.asked.is_set():  # noqa: ASYNC110 - it may be set in a thread
            await asyncio.sleep(0.001)
        before = time.perf_counter()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return time.perf_counter() - before

    async def test_a_stream_is_closed(self):
        closing = Closing()
        assert await self.stopped(closing.stream(), closing) < 0.3
        assert closing.closed.is_set()

    async def test_a_stream_that_rows_are_waited_for_by_a_node_is_closed_too(self):
        closing, begun = Closing(), asyncio.Event()

        async def rows():
            try:
                yield {"number": 1}
                yield {"number": 2}
            finally:
                closing.closed.set()

        async def hangs(number):
            begun.set()
            await asyncio.sleep(1_000)

        executor = DAGExecutor(dag_of({"n": hangs}))
        task = asyncio.ensure_future(executor.amap(rows(), max_concurrency=1))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert closing.closed.is_set()

    async def test_a_stream_that_will_not_end_is_left_to_itself(self):
        closing = Closing()
        before = asyncio.all_tasks()
        assert await self.stopped(closing.stubborn(), closing) < 0.3
        await asyncio.wait(asyncio.all_tasks() - before)

    async def test_an_iterator_is_closed_when_it_gives_up_its_thread(self):
        closing = Closing()
        assert await self.stopped(closing.generator(), closing) < 0.3
        assert not closing.closed.is_set()
        closing.go_on.set()
        assert await asyncio.to_thread(closing.closed.wait, 5)

    async def test_what_was_made_of_a_source_is_gone_with_the_map(self):
        closing, made = Closing(), []

        class Rows:
            def __aiter__(self):
                rows = closing.stream()
                made.append(weakref.ref(rows))
                return rows

        assert await self.stopped(Rows(), closing) < 0.3
        gc.collect()
        assert [rows() for rows in made] == [None]


class TestFiles:
    @pytest.mark.parametrize("name", FILES)
    async def test_every_kind_is_read_chunk_by_chunk(self, tmp_path, name):
        FILES[name](tmp_path / name)
        frame = await mapped(tmp_path / name)
        as_expected(frame, ("number", "text", "share"))
        assert frame.index.equals(pd.RangeIndex(25))
        as_expected(await mapped(str(tmp_path / name)))

    @pytest.mark.parametrize("name", ["rows.csv", "rows.parquet"])
    async def test_a_missing_column_is_told_from_the_header(self, tmp_path, name):
        path = tmp_path / name
        renamed = TABLE.rename(columns={"number": "nummer"})
        renamed.to_csv(path) if name.endswith("csv") else renamed.to_parquet(path)
        with pytest.raises(MissingInputError, match="'number'"):
            await mapped(path)

    async def test_an_index_in_a_parquet_file_is_kept(self, tmp_path):
        table = TABLE.set_index("share")
        table.to_parquet(tmp_path / "rows.parquet")
        frame = await mapped(tmp_path / "rows.parquet")
        assert frame.index.equals(table.index)

    async def test_a_line_that_is_no_json_is_a_failed_row(self, tmp_path):
        path = tmp_path / "rows.jsonl"
        path.write_text(
            '{"number": 1, "text": "a"}\n\n{"number": 2,\n[3]\n{"number": 4, "text": ""}'
        )
        frame = await mapped(path)
        assert frame["status"].tolist() == ["success", "failed", "failed", "success"]
        assert frame["error"][1].startswith("line 3 is no JSON")
        assert "not [3]" in frame["error"][2]

    async def test_a_file_without_rows(self, tmp_path):
        path = tmp_path / "rows.csv"
        path.write_text("number,text\n")
        frame = await mapped(path)
        assert list(frame.columns[:3]) == ["number", "text", "triple"]
        assert len(frame) == 0

    @pytest.mark.parametrize(
        ("name", "content"), [("a.csv", b""), ("a.parquet", b"no"), ("b.csv", b"\xff\xfe,\xff")]
    )
    async def test_what_cannot_be_read_is_told_before_anything_runs(self, tmp_path, name, content):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(OptionError, match=f"{name}' cannot be read"):
            await mapped(tmp_path / name)

    async def test_a_file_that_is_damaged_further_on_keeps_the_rows_before(self, tmp_path):
        path = tmp_path / "rows.csv"
        path.write_text("number,text\n" + "1,a\n" * 10 + "1,a,b,c\n")
        executor = DAGExecutor(triple())
        with pytest.raises(RowsError, match=r"after 10 rows .* in line 12, saw 4") as caught:
            await executor.amap(path)
        assert list(executor.last_map["status"]) == ["success"] * 10
        assert f"pd.read_csv({str(path)!r}, on_bad_lines='skip')" in caught.value.hint

    async def test_a_file_is_let_go_when_the_map_is_stopped(self, tmp_path):
        path, begun = tmp_path / "rows.jsonl", asyncio.Event()
        write_lines(path)

        async def hangs():
            begun.set()
            await asyncio.sleep(1_000)

        executor = DAGExecutor(dag_of({"n": hangs}))
        task = asyncio.ensure_future(executor.amap(path, max_concurrency=2))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert set(executor.last_map["status"]) == {"cancelled"}

    async def test_lines_that_cannot_be_decoded_are_failed_rows(self, tmp_path):
        path = tmp_path / "rows.jsonl"
        path.write_bytes(
            b'\xef\xbb\xbf{"number": 1, "text": "a"}\n'
            b'{"number": 2, "text": "Z\xfcrich"}\n{"number": 3, "text": "b"}\n'
        )
        frame = await mapped(path)
        assert frame["status"].tolist() == ["success", "failed", "success"]
        assert frame["error"][1].startswith("line 2 is no JSON: 'utf-8' codec")

    async def test_half_a_sign_in_a_row_is_kept_as_it_is(self, tmp_path):
        path = tmp_path / "rows.jsonl"
        path.write_text('{"text": "a", "number": 1}\n{"text": "\\ud83d", "\\ud83d": [2]}\n')
        frame = await DAGExecutor(dag_of({"n": lambda text, **_: text})).amap(path)
        assert frame["text"].tolist() == frame["n"].tolist() == ["a", "\ud83d"]
        assert frame["\ud83d"].tolist()[1] == [2]
        assert (frame["number"].dtype, frame["number"][0]) == ("float64", 1)

    @pytest.mark.parametrize("rows_before", [0, 9])
    async def test_a_csv_file_of_another_encoding_says_how_to_read_it(self, tmp_path, rows_before):
        path = tmp_path / "rows.csv"
        path.write_bytes(b"number,text\n" + b"1,a\n" * rows_before + b"2,Z\xfcrich\n")
        with pytest.raises(RowsError) as caught:
            await mapped(path)
        assert f"pd.read_csv({str(path)!r}, encoding='cp1252')" in caught.value.hint

    async def test_the_range_of_a_parquet_files_index_is_kept(self, tmp_path):
        table = TABLE.set_axis(pd.RangeIndex(100, 50, -2, name="id"))
        table.to_parquet(tmp_path / "rows.parquet")
        frame = await mapped(tmp_path / "rows.parquet")
        assert_index_equal(frame.index, table.index, exact=True)

    async def test_parquet_without_pyarrow_says_what_to_install(self, tmp_path, monkeypatch):
        write_parquet(tmp_path / "rows.parquet")
        found = builtins.__import__

        def without(name, *args, **options):
            if name.startswith("pyarrow"):
                raise ImportError(name)
            return found(name, *args, **options)

        monkeypatch.setattr(builtins, "__import__", without)
        with pytest.raises(MissingExtraError, match="pip install pyarrow"):
            await mapped(tmp_path / "rows.parquet")

    async def test_json_values_stay_what_they_are(self, tmp_path):
        path = tmp_path / "rows.jsonl"
        path.write_text(json.dumps({"when": "2020-01-01", "parts": [{"a": 1}], "code": "007"}))
        frame = await DAGExecutor(
            dag_of({"n": lambda when, parts, code: [when, parts, code]})
        ).amap(path)
        assert frame["n"][0] == ["2020-01-01", [{"a": 1}], "007"]


async def test_a_cursor_of_a_database_streams_its_rows(tmp_path):
    with sqlite3.connect(tmp_path / "numbers.db") as connection:
        connection.row_factory = lambda cursor, row: dict(
            zip([c[0] for c in cursor.description], row, strict=True)
        )
        connection.execute("CREATE TABLE t (number INTEGER, text TEXT)")
        connection.executemany("INSERT INTO t VALUES (?, ?)", [(n, f"t{n}") for n in range(25)])
        as_expected(await mapped(connection.execute("SELECT * FROM t ORDER BY number")))
    connection.close()
