"""What every way to fetch a file shares: its scratch folder, its progress and its hash.

A file gets its name when it is whole and its hash is right, so an interruption at any moment
leaves nothing that could be taken for a model.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from linus_nb.agent.serving.progress import Progress, ProgressLine, unseen
from linus_nb.errors import ModelFileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CHUNK = 2**20  # bytes
_SPARE_ROOM = 2**24  # bytes
_SCRATCH = "fetching-"
_LEFT_BEHIND = 86_400  # seconds


@contextlib.contextmanager
def reporting(progress: bool | Progress) -> Iterator[Progress]:  # noqa: FBT001  # as in fetch
    """Give what takes the progress: the caller's function, a line on the screen, or nothing."""
    if callable(progress):
        yield progress
    elif progress:
        with ProgressLine(sys.stderr) as line:
            yield line
    else:
        yield unseen


@contextlib.contextmanager
def scratch_folder(cache: Path, room: int) -> Iterator[Path]:
    """Give a folder beside the target, so that the last step is one rename on one disk.

    Parameters
    ----------
    cache : Path
        Where the file will lie.
    room : int
        Bytes that are needed.

    Raises
    ------
    ModelFileError
        The folder cannot be written, or has no room.
    """
    try:
        cache.mkdir(parents=True, exist_ok=True)
        _remove_left_behind(cache)
        require_room(cache, room)
        with tempfile.TemporaryDirectory(prefix=_SCRATCH, dir=cache) as folder:
            yield Path(folder)
    except ModelFileError:  # an OSError too, and said already
        raise
    except OSError as error:
        raise ModelFileError(
            f"the model cannot be written to {cache}: {error}",
            hint="export LINUS_NB_CACHE=/path/that/can/be/written",
        ) from error


def _remove_left_behind(cache: Path) -> None:
    """Remove what a fetch that was killed left; a younger one may still be at work."""
    for folder in cache.glob(f"{_SCRATCH}*"):
        if time.time() - folder.stat().st_mtime > _LEFT_BEHIND:
            shutil.rmtree(folder, ignore_errors=True)


def require_room(folder: Path, needed: int) -> None:
    """Raise ModelFileError unless the disk has room for ``needed`` bytes and a little more."""
    free = shutil.disk_usage(folder).free
    if free < needed + _SPARE_ROOM:
        raise ModelFileError(
            f"{folder} has room for {free:,} bytes, the model needs {needed + _SPARE_ROOM:,}",
            hint="free some space, or: export LINUS_NB_CACHE=/path/with/room",
        )


def write_hashed(
    blocks: Iterable[bytes], target: Path, report: Progress, *, doing: str, total: int
) -> str:
    """Write blocks to a file, telling the progress, and return their SHA-256."""
    digest, done = hashlib.sha256(), 0
    with target.open("wb") as file:
        for block in blocks:
            file.write(block)
            digest.update(block)
            done += len(block)
            report(doing, done, total)
    return digest.hexdigest()


def require_hash(found: str, expected: str, hint: str) -> None:
    """Raise ModelFileError unless the two hashes are the same."""
    if found != expected.lower():
        raise ModelFileError(
            f"what came is not the model: sha256 {found[:16]}... instead of {expected[:16]}...",
            hint=hint,
        )
