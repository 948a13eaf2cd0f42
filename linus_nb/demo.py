"""``linus-nb demo``: the quickstart notebook, run without a browser, and its pictures as files."""

from __future__ import annotations

import base64
import re
import sys
import time
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from linus_nb.errors import LinusError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterator

NOTEBOOK = "quickstart.ipynb"
_SVG = re.compile(r'<img [^>]*src="data:image/svg\+xml;base64,([^"]*)"')


def run_demo(folder: Path, screen: TextIO) -> int:
    """Run the quickstart in a fresh kernel and save what it shows.

    Parameters
    ----------
    folder : Path
        Where the finished notebook and the pictures go; made if it is not there.
    screen : TextIO
        Where progress and the report are written.

    Returns
    -------
    int
        0; a cell that failed is a LinusError.
    """
    notebook = _read(find_notebook())
    folder.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    try:
        _execute(notebook, screen)
    finally:
        finished = folder / NOTEBOOK
        _write(notebook, finished)
    seconds = time.monotonic() - started
    pictures = [save(folder, name, content) for name, content in pictures_of(notebook)]
    screen.writelines(f"\n{text}\n" for text in _texts_of(notebook))
    screen.write(f"\nran in {seconds:.0f} s; look at\n")
    screen.writelines(f"  {path.resolve()}\n" for path in [finished, *pictures])
    return 0


def find_notebook() -> Path:
    """Return the quickstart: from the installed package, or from the checkout it stands in."""
    package = Path(str(files("linus_nb")))
    for place in (package / "notebooks", package.parent / "notebooks"):
        if (place / NOTEBOOK).is_file():
            return place / NOTEBOOK
    raise LinusError(f"{NOTEBOOK} is not installed", hint="pip install --force-reinstall linus-nb")


def pictures_of(notebook: Any) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each picture that the cells show, named after its cell."""
    for cell in notebook.cells:
        name = re.sub(r"\W+", "-", title_of(cell)[:40]).strip("-")
        for number, output in enumerate(cell.get("outputs", ())):
            data, suffix = output.get("data", {}), f"-{number + 1}" if number else ""
            if "image/png" in data:
                yield f"{name}{suffix}.png", base64.b64decode(data["image/png"])
            elif svg := _SVG.search(data.get("text/html", "")):
                yield f"{name}{suffix}.svg", base64.b64decode(svg[1])


def title_of(cell: Any) -> str:
    """Return the name that the first line of a cell gives it, or that line itself."""
    return str(cell.source).partition("\n")[0].removeprefix("# NBVAL_TEST_NAME: ")


def save(folder: Path, name: str, content: bytes) -> Path:
    """Write a file and return its path."""
    path = folder / name
    path.write_bytes(content)
    return path


def _execute(notebook: Any, screen: TextIO) -> None:
    # nbclient belongs to the extra "notebook"; only the demo needs it.
    try:
        from nbclient import NotebookClient  # noqa: PLC0415
        from nbclient.exceptions import CellExecutionError  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError(
            "the demo needs nbclient and ipykernel",
            hint=f"{sys.executable} -m pip install 'linus-nb[local,notebook]'",
        ) from error

    def tell(cell: Any, cell_index: int) -> None:
        screen.write(f"[{cell_index + 1}/{len(notebook.cells)}] {title_of(cell)[:90]}\n")
        screen.flush()

    client = NotebookClient(notebook, timeout=600, kernel_name="python3")
    client.extra_arguments = [
        "--IPKernelApp.log_level=40"
    ]  # errors; its warnings tell nothing here
    client.on_cell_execute = tell
    try:
        client.execute()
    except CellExecutionError as error:
        raise LinusError(
            f"a cell of the quickstart failed: {error.ename}: {error.evalue}",
            hint="linus-nb doctor",
        ) from error


def _texts_of(notebook: Any) -> Iterator[str]:
    """Yield what the cells show as text (the report, the result, the frame)."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if "text/plain" in data and "image/png" not in data:
                yield data["text/plain"]
            elif output.get("output_type") == "stream":
                yield output["text"].rstrip()


def _read(path: Path) -> Any:
    import nbformat  # noqa: PLC0415 - belongs to the extra "notebook"

    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def _write(notebook: Any, path: Path) -> None:
    import nbformat  # noqa: PLC0415 - belongs to the extra "notebook"

    nbformat.write(notebook, path)  # type: ignore[no-untyped-call]
