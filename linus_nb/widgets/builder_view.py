"""What a builder shows of a design: its graph, a form, its problems, its code."""

from __future__ import annotations

import asyncio
from threading import Lock, RLock
from typing import TYPE_CHECKING, Any

from traitlets import Dict, Int, List, Unicode

from linus_nb import drawing
from linus_nb.errors import GraphError
from linus_nb.widgets.assets import css, esm
from linus_nb.widgets.builder_form import Chosen, form_of, id_of, is_there, problem_of, sendable
from linus_nb.widgets.coalescing import Coalescer
from linus_nb.widgets.graph_view import GraphView, shape_of
from linus_nb.widgets.showing import cell_number, frontend, static_html

if TYPE_CHECKING:
    from linus_nb.drawing import Direction, Picture
    from linus_nb.widgets.building import Design

_DRAWINGS_KNOWN = 50
"""A message may be about a drawing that is no longer shown; older ones have been read."""

_SECONDS_BETWEEN_PICTURES = 1.0


class BuilderView(GraphView):
    """Shows a design; :class:`~linus_nb.widgets.DagBuilder` edits it.

    Parameters
    ----------
    design : Design
        What is shown.
    height : int
        Pixels.
    """

    _esm = esm("builder.js")
    _css = css("graph_view.css", "run_view.css", "builder.css")

    revision = Int().tag(sync=True)
    """Number of the drawing; the ids in a message are those of one drawing."""
    palette: List[dict[str, str]] = List().tag(sync=True)
    form = Dict().tag(sync=True)
    """The form of what is selected."""
    problems: List[dict[str, str]] = List().tag(sync=True)
    """What keeps the DAG from running: its place (``id`` and ``field``) and a ``sentence``."""
    toolbar = Dict().tag(sync=True)
    cell = Unicode().tag(sync=True)
    """The code of the DAG."""
    note = Unicode().tag(sync=True)
    """Why the last thing that was asked for was not done."""
    edit = Unicode().tag(sync=True)
    """The last typed text that was answered; see ``builder_form.js``."""
    mode = Unicode("edit").tag(sync=True)
    """What is seen: ``"edit"`` or ``"run"``."""
    run_keys: List[str] = List().tag(sync=True)
    """State keys that no node writes: a run is given them."""
    run_model = Unicode().tag(sync=True)
    """The model of the latest run's view."""

    def __init__(self, design: Design, *, height: int) -> None:
        self._design = design
        # Messages may come in threads of their own (ipykernel 7.0 to 7.3), events in any.
        self._lock = RLock()
        self._keeping_lock = Lock()
        self._loop = running_loop()
        self._chosen: Chosen = ()
        self._direction: Direction = "LR"
        self._drawings: dict[int, tuple[str, ...]] = {}
        self._pictures: Coalescer | None = None
        self._keeping: asyncio.Task[None] | None = None
        super().__init__(design.dag, editable=True, height=height)
        self._show_design()

    def draw(self, dag: Any) -> None:
        """Lay out and show ``dag``, or a picture of it."""
        picture = dag if isinstance(dag, drawing.Picture) else dag.picture()
        self.place(picture, drawing.to_svg(picture, direction=self._direction))
        self.revision += 1
        self._drawings[self.revision] = tuple(node.name for node in picture.nodes)
        self._drawings.pop(self.revision - _DRAWINGS_KNOWN, None)

    def _show_design(self) -> None:
        """Show the design as it is now; it is laid out again only if its shape has changed."""
        with self._lock, self.hold_sync():
            picture, before = self._design.dag.picture(), self.picture
            if shape_of(picture) != shape_of(before):
                self.draw(picture)
            self.picture = picture
            self.palette = sendable([entry._asdict() for entry in self._design.palette])
            problems = [problem_of(problem, self._index) for problem in self._design.problems()]
            self.problems = sendable(problems)
            self.marks = {problem["id"]: "problem" for problem in self.problems if problem["id"]}
            self.cell = sendable(self._design.code())
            self.run_keys = sendable(self._keys_to_give())
            self._choose(self._followed(before))
            self._show_toolbar()
        self._keep_soon()

    def _choose(self, chosen: Chosen) -> None:
        self._chosen = chosen
        self.selected = id_of(chosen, self._index)
        self.form = form_of(self._design, chosen, self._index)

    def _followed(self, before: Picture) -> Chosen:
        """Return what is selected, under its new name if it was renamed; else nothing."""
        after = self.picture.nodes
        if len(before.nodes) == len(after):
            renamed = {old.name: new.name for old, new in zip(before.nodes, after, strict=True)}
            followed = tuple(renamed.get(name, name) for name in self._chosen)
        else:
            followed = self._chosen
        return followed if is_there(self._design, followed) else ()

    def _show_toolbar(self) -> None:
        steps = {"undo": self._design.next_undo, "redo": self._design.next_redo}
        self.toolbar = sendable({**steps, "reason": self._reason()})

    def _reason(self) -> str:
        """Return why the DAG cannot run now, "" if it can."""
        if not self._design.dag.nodes:
            return "there is no node yet"
        count = len(self.problems)
        return f"{count} problem{'' if count == 1 else 's'} to mend first" if count else ""

    def _keys_to_give(self) -> list[str]:
        try:
            return list(self._design.dag.validate())
        except GraphError:
            return []

    # --- in a notebook ---------------------------------------------------------------

    def keep(self) -> None:
        """Bring the picture that stays, for a saved notebook, up to date."""
        # A lock of its own: nobody who edits waits for a picture.
        with self._keeping_lock:
            bundle = {"text/plain": repr(self)}
            if frontend() == "live":
                bundle["text/html"] = static_html(self._picture_that_stays())
            self._static.show(bundle)

    def _picture_that_stays(self) -> Picture:
        return self.picture

    def _keep_soon(self) -> None:
        """Let the picture that stays follow, without holding anybody up.

        Programs that execute notebooks differ in whether they bring the output of an earlier
        cell up to date; there it stays as it was.
        """
        if self._shown_in < 0:
            return
        if frontend() == "live" and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._touch)
        elif self._shown_in == cell_number():
            self.keep()

    def _touch(self) -> None:
        loop = asyncio.get_running_loop()
        if self._pictures is None:
            self._pictures = Coalescer(self._keep_in_thread, loop, _SECONDS_BETWEEN_PICTURES)
        self._pictures.touch()

    def _keep_in_thread(self) -> None:
        self._keeping = asyncio.get_running_loop().create_task(asyncio.to_thread(self.keep))

    def __repr__(self) -> str:
        told = drawing.to_text(self.picture)
        problems = [f"  {problem['sentence']}" for problem in self.problems]
        return "\n".join([told, "", "Problems:", *problems]) if problems else told


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the event loop that runs in this thread, None if there is none."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
