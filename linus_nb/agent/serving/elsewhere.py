"""Takes any GGUF into the user's cache: from a repository at Hugging Face, or from a URL."""

from __future__ import annotations

import hashlib
import io
import os
import re
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from linus_nb.agent.serving.addresses import is_loopback, without_credentials
from linus_nb.agent.serving.model_file import cache_folder, has_magic
from linus_nb.agent.serving.receiving import CHUNK, require_hash, require_room, write_hashed
from linus_nb.errors import MissingExtraError, ModelFileError, OptionError

if TYPE_CHECKING:
    from linus_nb.agent.serving.progress import Progress

HUB = "hf:"
_NAMED = re.compile(r"hf:(?P<repository>[\w.-]+/[\w.-]+?)(?:@(?P<revision>[\w./-]+))?")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_CONNECT_SECONDS, _SILENT_SECONDS = 5.0, 60.0
_LISTED = 10


def target_of(source: str, file: str | None, sha256: str | None) -> Path:
    """Return where a source's file goes; refuses what can never be fetched.

    Examples
    --------
    >>> target_of("hf:owner/name", "a/model.Q4.gguf", None).name
    'model.Q4.gguf'
    """
    if sha256 is not None and not _SHA256.fullmatch(sha256):
        raise OptionError(f"sha256={sha256!r} is not 64 hexadecimal digits", hint="sha256sum FILE")
    if source.startswith(HUB):
        if not _NAMED.fullmatch(source) or not file or not file.endswith(".gguf"):
            raise OptionError(
                f"{source!r} with file={file!r} names no GGUF file at Hugging Face",
                hint='fetch("hf:owner/name", file="model.gguf")',
            )
        return cache_folder() / Path(file).name
    parts = urlsplit(source)
    name = Path(unquote(parts.path)).name
    if parts.scheme not in ("http", "https") or not name.endswith(".gguf"):
        raise OptionError(
            f"{source!r} is neither hf:owner/name nor the URL of a .gguf file",
            hint='fetch("https://.../model.gguf", sha256="...")',
        )
    if sha256 is None:
        raise OptionError(
            f"nothing says what has to come from {without_credentials(source)}",
            hint='give its hash: fetch(url, sha256="...")',
        )
    return cache_folder() / name


def is_there(path: Path, sha256: str | None) -> bool:
    """Whether a GGUF with the hash, where one is given, lies there already."""
    if not path.is_file() or not has_magic(path):
        return False
    return sha256 is None or _hash_of(path) == sha256.lower()


def take(  # the two ways differ in all but what they are told
    source: str, file: str | None, sha256: str | None, target: Path, report: Progress
) -> None:
    """Bring a source's file to ``target``, whose folder is a scratch one.

    Raises
    ------
    ModelFileError
        It could not be had, or is not what was wanted.
    """
    if source.startswith(HUB):
        _from_hub(source, str(file), target, report)
        found = _hash_of(target) if sha256 else ""
    else:
        found = _from_url(source, target, report)
    if sha256:
        require_hash(found, sha256, f"compare the hash with the one at {source}")
    if not has_magic(target):
        raise ModelFileError(
            f"what came from {without_credentials(source)} is not a GGUF file",
            hint="look at the address in a browser",
        )


def _from_hub(source: str, file: str, target: Path, report: Progress) -> None:
    if find_spec("huggingface_hub") is None:
        raise MissingExtraError(
            f"{source!r} needs huggingface_hub, not installed here",
            hint='pip install "linus-nb[hub]"',
        )
    # The extra `hub`: heavy, and wanted by nobody else.
    import httpx  # noqa: PLC0415
    from huggingface_hub import hf_hub_download  # noqa: PLC0415
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError  # noqa: PLC0415

    named = _NAMED.fullmatch(source)
    repository, revision = named.groups() if named else (source, None)
    try:
        came = hf_hub_download(
            repository, file, revision=revision, local_dir=target.parent / "hub",
            endpoint=os.environ.get("HF_ENDPOINT"), tqdm_class=_bar_telling(report),
        )  # fmt: skip
    except (HfHubHTTPError, LocalEntryNotFoundError, httpx.HTTPError) as error:
        raise ModelFileError(
            f"{file!r} of {repository!r} could not be had: {' '.join(str(error).split())[:300]}",
            hint=f"see https://huggingface.co/{repository}/tree/{revision or 'main'}",
        ) from error
    Path(came).replace(target)


def _bar_telling(report: Progress) -> Any:
    """Return a class of progress bars that draw nothing and tell ``report``."""
    from tqdm import tqdm  # noqa: PLC0415  # comes with huggingface_hub

    class Bar(tqdm):  # type: ignore[misc]  # has no types
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options | {"file": io.StringIO(), "disable": False})

        def update(self, count: float = 1) -> bool | None:
            shown: bool | None = super().update(count)
            report("downloading", int(self.n), int(self.total or 0))
            return shown

    return Bar


def _from_url(url: str, target: Path, report: Progress) -> str:
    import httpx  # noqa: PLC0415  # 100 ms that the packaged model's fetch need not pay

    shown = without_credentials(url)
    timeout = httpx.Timeout(_SILENT_SECONDS, connect=_CONNECT_SECONDS)
    try:
        with (
            httpx.Client(
                follow_redirects=True, timeout=timeout, trust_env=not is_loopback(url)
            ) as client,
            client.stream("GET", url) as response,
        ):
            response.raise_for_status()
            total = int(response.headers.get("content-length") or 0)
            require_room(target.parent, total)
            blocks = response.iter_bytes(CHUNK)
            return write_hashed(blocks, target, report, doing="downloading", total=total)
    except httpx.HTTPError as error:
        why = str(error).split("\n", 1)[0] or type(error).__name__
        raise ModelFileError(
            f"{shown} could not be had: {why}", hint="look at the address in a browser"
        ) from error


def _hash_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
