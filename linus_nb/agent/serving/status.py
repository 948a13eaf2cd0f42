"""What this machine has to run models with; asked by ``linus-nb doctor`` and by ``auto``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from linus_nb.agent.serving.addresses import is_loopback, ollama_url, without_credentials
from linus_nb.agent.serving.model_file import check_model_file, model_file
from linus_nb.errors import ModelFileError

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

PROBE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class OllamaStatus:
    """Whether an Ollama server answers, and what it has."""

    url: str
    reachable: bool
    version: str | None = None
    models: tuple[str, ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ModelFileStatus:
    """Where the embedded model's file is, or what is wrong with it and what to type."""

    path: Path | None
    usable: bool
    size: int | None = None
    error: str | None = None
    hint: str | None = None


def ollama_status(api_base: str | None = None) -> OllamaStatus:
    """Ask an Ollama server for its version and models; takes 4 seconds at most.

    Parameters
    ----------
    api_base : str, optional
        Its address; default: OLLAMA_HOST, else this machine.

    Returns
    -------
    OllamaStatus
        With ``error`` instead of a version where nothing answers.
    """
    import httpx  # noqa: PLC0415  # 100 ms that `fetch` and `import linus_nb` need not pay

    url = ollama_url(api_base)
    shown = without_credentials(url)
    try:
        with httpx.Client(
            base_url=url, timeout=PROBE_SECONDS, trust_env=not is_loopback(url)
        ) as client:
            version = _member(client.get("/api/version"), "version")
            listed = _member(client.get("/api/tags"), "models")
    except (httpx.HTTPError, ValueError) as error:
        return OllamaStatus(shown, reachable=False, error=str(error) or type(error).__name__)
    entries = listed if isinstance(listed, list) else []
    names = tuple(str(entry["name"]) for entry in entries if "name" in entry)
    return OllamaStatus(shown, reachable=True, version=str(version), models=names)


def model_file_status() -> ModelFileStatus:
    """Look for the embedded model's file and check it; reads it once, 0.1 s.

    Returns
    -------
    ModelFileStatus
        With ``error`` and ``hint`` where the embedded model cannot run.
    """
    try:
        path = model_file()
        check_model_file(path)
    except ModelFileError as error:
        return ModelFileStatus(None, usable=False, error=error.message, hint=error.hint)
    return ModelFileStatus(path, usable=True, size=path.stat().st_size)


def _member(response: httpx.Response, name: str) -> object:
    """Return one member of Ollama's JSON answer; ValueError where it is not Ollama's."""
    response.raise_for_status()
    body = response.json()
    if not isinstance(body, dict) or name not in body:
        raise ValueError(f"{response.url} answers, but not as Ollama does")
    return body[name]
