"""A run in the browser while it goes on: graph, outputs, Gantt, Stop."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from traitlets import Dict, List

from linus_nb import drawing
from linus_nb.drawing.picture import cleaned
from linus_nb.events import Event, RunFinished, RunStarted
from linus_nb.widgets.assets import css, esm
from linus_nb.widgets.following import Following
from linus_nb.widgets.graph_view import GraphView, roomy, shape_of
from linus_nb.widgets.models import models_of, whose_silence
from linus_nb.widgets.node_texts import room_for_each
from linus_nb.widgets.progress import Progress, seconds_left

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from linus_nb.drawing import Picture, PictureEdge, PictureNode
    from linus_nb.graph import DAGExecutor, ExecutionResult

LEAST_ETA = 1.0
"""Seconds; a shorter rest is not announced."""


class RunView(GraphView):
    """Shows every run of an executor while it goes on, and keeps the last one.

    Parameters
    ----------
    executor : DAGExecutor
        Whose runs are shown.
    height : int
        Pixels; the same before, during and after a run, so the page never jumps.

    Examples
    --------
    >>> from linus_nb.graph import AgentDAG, DAGExecutor
    >>> dag = AgentDAG("one")
    >>> _ = dag.node("answer", lambda: 42)
    >>> view = RunView(executor := DAGExecutor(dag))
    >>> _ = executor.execute()
    >>> view.header["status"], view.header["count"], view.statuses
    ('success', '1/1', {'n0': 'completed'})
    """

    _esm = esm("run_view.js")
    _css = css("graph_view.css", "run_view.css")

    header = Dict().tag(sync=True)
    """What stands in the first line, and which node is followed."""
    names: List[str] = List().tag(sync=True)

    def __init__(self, executor: DAGExecutor, *, height: int = 440) -> None:
        self._node_values: dict[str, object] = {}
        self._run: Following | None = None
        self._redrawing: asyncio.Task[None] | None = None
        self._keeping: asyncio.Task[None] | None = None
        self.executor = executor
        super().__init__(executor.dag, height=height)
        self._seconds: dict[str, float] = {}
        if executor.last_result is not None:
            self._learn(executor.last_result)
        self.header = {"status": "ready", "count": f"0/{len(self.picture.nodes)}"}
        self._listening = ExitStack()
        self._listening.enter_context(executor.listening(self._hear))

    def stop(self) -> None:
        """Stop the run, as the Stop button does; from any thread."""
        if self._run is not None:
            self._run.stop()

    def close(self) -> None:
        """Follow no further run, and take the view off the page."""
        self.unfollow()
        super().close()

    def unfollow(self) -> None:
        """Follow no further run; what is shown stays."""
        self._listening.close()

    def place(self, picture: Picture, svg: str) -> None:
        """Show ``picture``, for which ``svg`` was laid out."""
        super().place(picture, svg)
        self.names = [cleaned(node.name) for node in picture.nodes]

    # --- the run -------------------------------------------------------------------

    def _hear(self, event: Event) -> None:
        """Take an event, on the loop of the run."""
        if isinstance(event, RunStarted):
            self._begin(event)
        elif self._run is None or event.run_id != self._run.run_id:
            return  # a run that began before another one; the latest is shown
        elif isinstance(event, RunFinished):
            self._end(self._run, event.result)
        else:
            self._run.take(event)

    def _begin(self, event: RunStarted) -> None:
        result = self.executor.last_result
        if result is None or result.run_id != event.run_id:
            return
        self._forget()
        self._draw_anew(self.executor.dag.picture())
        progress = Progress(
            (node.name for node in self.picture.nodes), room_for_each(len(self.picture.nodes))
        )
        self._run = Following(event, progress, result, self._flush)
        self._run.changes.touch()

    def _end(self, run: Following, result: ExecutionResult) -> None:
        self._learn(result)
        run.end(result.execution_time_seconds)
        # In a thread, as laying out a picture would hold up the loop.
        self._keeping = run.loop.create_task(asyncio.to_thread(self.keep))

    def _learn(self, result: ExecutionResult) -> None:
        """Remember how long nodes took, for the next run's remaining time."""
        for name, record in result.nodes.items():
            if record.status == "completed" and record.seconds is not None and not record.reused:
                self._seconds[name] = record.seconds

    def _forget(self) -> None:
        """Empty the panels of the run before."""
        self._node_values = dict.fromkeys(self._node_values, "")
        self.send_state(list(self._node_values))

    def _draw_anew(self, picture: Picture) -> None:
        """Lay the DAG out again if it has changed since it was drawn; off the loop."""
        if shape_of(picture) == shape_of(self.picture):
            return
        self.picture = picture

        async def redraw() -> None:
            svg = await drawing.ato_svg(roomy(picture))
            if self.picture.name == picture.name:
                self.place(self.picture, svg)

        self._redrawing = asyncio.get_running_loop().create_task(redraw())

    # --- what is shown ---------------------------------------------------------------

    def _flush(self) -> None:
        """Send what has changed, in one message."""
        run = self._run
        if run is None:
            return
        run.read_texts()
        for i in run.progress.running:
            node = run.progress.nodes[i]
            node.waits_for = whose_silence(self.executor.dag.nodes.get(node.name))
        changes = run.progress.changes(run.now)
        self._node_values.update(changes)
        with self.hold_sync():
            self.paint(self._picture_of(run))
            self.header = self._header_of(run)
            # What nodes have said goes with the traits: one message is sooner painted than two.
            self._states_to_send.update(changes)

    def _picture_of(self, run: Following) -> Picture:
        verdicts = run.progress.verdicts
        nodes = tuple(
            _with_state(node, seen.status, run.details.get(node.name, seen.retry))
            for node, seen in zip(self.picture.nodes, run.progress.nodes, strict=True)
        )
        edges = tuple(
            _with_verdict(edge, verdicts.get((edge.source, edge.target)))
            for edge in self.picture.edges
        )
        return replace(self.picture, nodes=nodes, edges=edges)

    def _header_of(self, run: Following) -> dict[str, object]:
        result = self.executor.last_result
        status = "running" if run.goes_on or result is None else result.status
        followed = run.progress.following
        return {
            "run": run.run_id,
            "status": status,
            "count": f"{run.progress.reached}/{len(run.progress.nodes)}",
            "elapsed": f"{run.now:.1f} s",
            "seconds": run.now,
            "eta": self._eta(run) if run.goes_on else "",
            "model": ", ".join(models_of(result)) if result is not None else "",
            "note": _note(run, result),
            "stoppable": run.goes_on,
            "rerun": not run.goes_on and getattr(result, "rerun_by", None) is not None,
            "following": "" if followed is None else f"n{followed}",
        }

    def _eta(self, run: Following) -> str:
        index = run.progress.index
        level_of = self.picture.level_of()
        edges = sorted(self.picture.edges, key=lambda edge: level_of[edge.source])
        left = seconds_left(
            run.progress.nodes,
            self._seconds,
            ((index[edge.source], index[edge.target]) for edge in edges),
            run.now,
            one_at_a_time=_is_sequential(self.executor.last_result),
        )
        return f"about {left:.0f} s left" if left is not None and left >= LEAST_ETA else ""

    def get_state(self, key: str | Iterable[str] | None = None, drop_defaults: bool = False) -> Any:  # noqa: FBT001, FBT002 - ipywidgets' signature
        """Return traits and, under keys like ``output_3``, what is known of each node.

        A node has keys of its own, so that a token sends one node's text and not all; and they
        are state, not messages, so that a page that is opened later has them too.
        """
        known = self._node_values
        if key is None:
            return {**super().get_state(None, drop_defaults), **known}
        asked = [key] if isinstance(key, str) else list(key)
        traits = super().get_state([name for name in asked if name not in known], drop_defaults)
        return {**traits, **{name: known[name] for name in asked if name in known}}

    def _receive(self, view: object, message: Mapping[str, Any], buffers: object) -> None:
        kind = message.get("kind")
        if kind == "stop":
            self.stop()
        elif kind == "rerun":
            self._rerun()
        else:
            super()._receive(view, message, buffers)

    def _rerun(self) -> None:
        """Run again what failed, on the loop of the run before."""
        rerun = getattr(self.executor.last_result, "arerun", None)
        if rerun is not None and self._run is not None and not self._run.goes_on:
            with suppress(RuntimeError):  # that loop is closed
                asyncio.run_coroutine_threadsafe(rerun(failed=True), self._run.loop)


def _with_state(node: PictureNode, status: str, detail: str) -> PictureNode:
    """Return the node in this state: most are in it already, and making one anew takes time."""
    if node.status == status and node.detail == detail:
        return node
    return replace(node, status=status, detail=detail)


def _with_verdict(edge: PictureEdge, live: bool | None) -> PictureEdge:  # noqa: FBT001 - a value
    return edge if edge.live is live else replace(edge, live=live)


def _note(run: Following, result: ExecutionResult | None) -> str:
    if run.goes_on or result is None:
        return "Stopping…" if run.stopping else ""
    count = result.completed_nodes
    kept = f"{count} result{'' if count == 1 else 's'} kept"
    if result.status == "cancelled":
        return f"Stopped, {kept}"
    failed = [cleaned(node.name, 40) for node in result.nodes.values() if node.status == "failed"]
    return f"{', '.join(failed[:3])} failed, {kept}" if failed else ""


def _is_sequential(result: ExecutionResult | None) -> bool:
    return result is not None and result.schedule == "sequential"
