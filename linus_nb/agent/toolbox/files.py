"""Reading files below one folder."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel, Field

from linus_nb.errors import OptionError, ToolError

MAX_BYTES: Final = 20_000
LISTED: Final = 20  # names that an error offers


class ReadFile(BaseModel):
    """Arguments of the file reader."""

    path: str = Field(description="The file, relative to the folder, for example notes/a.txt.")
    offset: int = Field(0, ge=0, description="The byte to start at.")


def create_file_reader(root: str | Path, *, max_bytes: int = MAX_BYTES) -> BaseTool:
    """Make a tool that reads text files in a folder, and nothing outside of it.

    Where ``..`` or a symbolic link leads out of the folder, the tool refuses. It never writes.

    Parameters
    ----------
    root : str or Path
        The folder.
    max_bytes : int
        The most that one call reads; a longer file is read in several calls.

    Returns
    -------
    BaseTool
        The tool ``read_file``.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "note.txt").write_text("tea at five")
    ...     create_file_reader(folder).run({"path": "note.txt"})
    'tea at five'
    """
    folder = Path(root).resolve()
    if not folder.is_dir():
        raise OptionError(f"{str(root)!r} is no folder", hint='create_file_reader("data")')

    def read_file(path: str, offset: int = 0) -> str:
        return _read(folder, _located(folder, path), offset, max_bytes)

    return StructuredTool.from_function(
        read_file,
        description=f"Read a text file in the folder {folder.name!r}.",
        args_schema=ReadFile,
    )


def _located(folder: Path, path: str) -> Path:
    """Return the file with every link in its path followed, if it is still in the folder."""
    try:
        file = (folder / path).resolve()
    except (OSError, ValueError, RuntimeError) as error:  # loops of links, NUL characters
        raise ToolError(f"{path!r} is no path: {error}") from error
    if not file.is_relative_to(folder):
        raise ToolError(f"{path!r} is outside the folder {folder.name!r}", hint=_offer(folder))
    if not file.is_file():
        raise ToolError(f"there is no file {path!r} in {folder.name!r}", hint=_offer(folder))
    return file


def _offer(folder: Path) -> str:
    names = sorted(item.name for item in folder.iterdir())[:LISTED]
    return f"the folder holds {', '.join(map(repr, names)) or 'nothing'}"


def _read(folder: Path, file: Path, offset: int, max_bytes: int) -> str:
    size = file.stat().st_size
    with file.open("rb") as stream:
        stream.seek(offset)
        content = stream.read(max_bytes)
    if b"\0" in content:
        raise ToolError(f"{file.relative_to(folder).as_posix()!r} is not a text file")
    text = content.decode("utf-8", errors="replace")
    end = offset + len(content)
    more = f"\n… (bytes {offset:,} to {end:,} of {size:,}; read on with offset={end})"
    return text + more if end < size else text
