"""Files are read below one folder, and nowhere else."""

import os

import pytest

from linus_nb.agent.tools import create_file_reader, run_tool
from linus_nb.errors import OptionError, ToolError

pytestmark = pytest.mark.anyio


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "root"
    (root / "notes").mkdir(parents=True)
    (root / "notes" / "a.txt").write_text("tea at five", encoding="utf-8")
    (root / "binary").write_bytes(b"\0\1\2")
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    (tmp_path / "root-twin").mkdir()
    (tmp_path / "root-twin" / "b.txt").write_text("secret", encoding="utf-8")
    (root / "link.txt").symlink_to(tmp_path / "secret.txt")
    (root / "up").symlink_to(tmp_path)
    (root / "inner.txt").symlink_to(root / "notes" / "a.txt")
    (root / "loop").symlink_to(root / "loop")
    os.mkfifo(root / "pipe")
    return root


async def read(folder, path, **options):
    offset = options.pop("offset", 0)
    reader = create_file_reader(folder, **options)
    return await run_tool(reader, {"path": path, "offset": offset}, timeout=5)


@pytest.mark.parametrize("path", ["notes/a.txt", "notes/../notes/a.txt", "inner.txt"])
async def test_files_below_the_folder_are_read(folder, path):
    assert await read(folder, path) == "tea at five"


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "link.txt",
        "up/secret.txt",
        "../root-twin/b.txt",
        "/etc/passwd",
        "notes/../../secret.txt",
    ],
)
async def test_nothing_outside_of_the_folder_is_read(folder, path):
    with pytest.raises(ToolError, match="is outside the folder"):
        await read(folder, path)


@pytest.mark.parametrize("path", ["absent.txt", "notes", "", ".", "pipe"])
async def test_what_is_no_file_is_refused_with_what_there_is(folder, path):
    with pytest.raises(ToolError, match="there is no file") as caught:
        await read(folder, path)
    assert "'notes'" in caught.value.hint


@pytest.mark.parametrize("path", ["a\0b", "x" * 5000, "loop"])
async def test_an_impossible_path_is_refused(folder, path):
    with pytest.raises(ToolError):
        await read(folder, path)


async def test_a_binary_file_is_refused(folder):
    with pytest.raises(ToolError, match="not a text file"):
        await read(folder, "binary")


async def test_a_long_file_is_read_in_parts(folder):
    first = await read(folder, "notes/a.txt", max_bytes=4)
    assert first == "tea \n… (bytes 0 to 4 of 11; read on with offset=4)"
    assert await read(folder, "notes/a.txt", max_bytes=7, offset=4) == "at five"


def test_the_folder_must_exist(tmp_path):
    with pytest.raises(OptionError, match="is no folder"):
        create_file_reader(tmp_path / "absent")
