"""What this machine has, and for each thing that is missing the command that brings it."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from linus_nb.agent.serving.model_file import BETTER, FILE_SIZE
from linus_nb.agent.serving.status import (
    ModelFileStatus,
    OllamaStatus,
    model_file_status,
    ollama_status,
)

OLDEST_PYTHON = (3, 11)
_MEGABYTE = 1e6


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report.

    Parameters
    ----------
    what : str
        The thing.
    ok : bool
        Whether it is there.
    found : str
        What was found, or what is wrong.
    bring : str
        What to type where it is missing.
    optional : bool
        Whether linus_nb works without it.
    """

    what: str
    ok: bool
    found: str
    bring: str = ""
    optional: bool = False


def examine() -> list[Finding]:
    """Look at this machine; takes a few seconds at most, changes nothing."""
    ollama, model_file = ollama_status(), model_file_status()
    return [
        _python(),
        _package("ipykernel", "to run notebooks"),
        _package("jupyterlab", "to open notebooks", optional=True),
        _dot(),
        _ollama(ollama, model_file),
        _package(
            "xllamacpp", "to run the embedded model", extra="local", optional=ollama.reachable
        ),
        _model_file(model_file, ollama),
    ]


def report(findings: list[Finding]) -> str:
    """Return the findings as text.

    Examples
    --------
    >>> print(report([Finding("dot", False, "not on PATH", "apt-get install graphviz", True)]))
    -  dot  not on PATH (optional)
            -> apt-get install graphviz
    """
    width = max(len(finding.what) for finding in findings)
    lines = []
    for finding in findings:
        sign = "✓" if finding.ok else "-" if finding.optional else "✕"
        note = " (optional)" if finding.optional and not finding.ok else ""
        lines.append(f"{sign}  {finding.what:<{width}}  {finding.found}{note}")
        if not finding.ok and finding.bring:
            lines.append(f"{'':{width + 5}}-> {finding.bring}")
    return "\n".join(lines)


def _python() -> Finding:
    ok = sys.version_info[:2] >= OLDEST_PYTHON
    found = f"{platform.python_version()} at {sys.executable}"
    return Finding("Python", ok, found, "install Python 3.11 or newer")


def _package(
    name: str, purpose: str, *, extra: str = "notebook", optional: bool = False
) -> Finding:
    try:
        return Finding(name, ok=True, found=version(name), optional=optional)
    except PackageNotFoundError:
        bring = f"{sys.executable} -m pip install 'linus-nb[{extra}]'"
        return Finding(name, ok=False, found=f"missing, {purpose}", bring=bring, optional=optional)


def _dot() -> Finding:
    path = shutil.which("dot")
    if path is None:
        bring = "apt-get install graphviz, brew install graphviz or choco install graphviz"
        found = "not on PATH: graphs are drawn by linus_nb itself, less finely"
        return Finding("dot", ok=False, found=found, bring=bring, optional=True)
    # S603: the path is the one that the user's own PATH names.
    done = subprocess.run([path, "-V"], capture_output=True, text=True, check=False)  # noqa: S603
    return Finding("dot", ok=True, found=done.stderr.strip() or path, optional=True)


def _ollama(ollama: OllamaStatus, model_file: ModelFileStatus) -> Finding:
    if not ollama.reachable:
        found = f"no answer from {ollama.url}: {ollama.error}"
        bring = "install it from https://ollama.com/download, then: ollama serve"
        return Finding("Ollama", ok=False, found=found, bring=bring, optional=model_file.usable)
    if not ollama.models:
        found = f"{ollama.version} at {ollama.url}, but it has no model"
        bring = "ollama pull gemma3:4b"
        return Finding("Ollama", ok=False, found=found, bring=bring, optional=model_file.usable)
    models = ", ".join(ollama.models[:10])
    return Finding("Ollama", ok=True, found=f"{ollama.version} at {ollama.url}: {models}")


def _model_file(model_file: ModelFileStatus, ollama: OllamaStatus) -> Finding:
    if not model_file.usable:
        bring = model_file.hint or "linus-nb fetch"
        found = model_file.error or "missing"
        return Finding("model file", ok=False, found=found, bring=bring, optional=ollama.reachable)
    size = (model_file.size or 0) / _MEGABYTE
    found = f"{model_file.path} ({size:.0f} MB)"
    if model_file.size == FILE_SIZE:
        found += f", a toy; better where Hugging Face is reached: {BETTER}"
    return Finding("model file", ok=True, found=found)
