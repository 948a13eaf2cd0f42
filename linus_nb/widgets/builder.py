"""DagBuilder: an AgentDAG edited by hand in the browser, and the code that builds it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from linus_nb.errors import LinusError
from linus_nb.events import Event, RunFinished, RunStarted
from linus_nb.graph import DAGExecutor
from linus_nb.widgets.builder_form import sendable
from linus_nb.widgets.builder_run import PlacedRunView, state_of
from linus_nb.widgets.builder_view import BuilderView, running_loop
from linus_nb.widgets.building import Design

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from linus_nb.drawing import Picture
    from linus_nb.graph import AgentDAG, RunHandle
    from linus_nb.widgets.graph_view import Gesture

_TOOLBAR = 38
"""Pixels of the builder that a run in it does not have."""


class DagBuilder(BuilderView):
    """An AgentDAG to be built by mouse and keyboard, and the code that builds it again.

    Drag an agent from the palette, drag from node to node, click a node for its form and an
    edge for its condition; Run runs the DAG in place.

    Parameters
    ----------
    dag : AgentDAG, optional
        Where to begin. It is not changed.
    agents, functions : mapping of str to object, optional
        What the palette offers, by name.
    height : int
        Pixels.

    Examples
    --------
    >>> def load():
    ...     return [3, 1, 2]
    >>> builder = DagBuilder(functions={"load": load, "ordered": lambda load: sorted(load)})
    >>> builder.load_example()
    >>> builder.dag.get_execution_order()
    [['load'], ['ordered']]
    >>> builder.run().result()["ordered"]
    [1, 2, 3]
    """

    def __init__(
        self,
        dag: AgentDAG | None = None,
        agents: Mapping[str, Any] | None = None,
        functions: Mapping[str, Any] | None = None,
        *,
        height: int = 560,
    ) -> None:
        self._asked_of: int | None = None  # the drawing that a message is about
        self._run: PlacedRunView | None = None
        self._goes_on = False
        design = Design(dag, agents or {}, functions or {})
        self.executor = DAGExecutor(design.dag)
        super().__init__(design, height=height)
        self._listening = ExitStack()
        self._listening.enter_context(self.executor.listening(self._hear))
        self.listen(self._edit)

    # --- for programs ----------------------------------------------------------------

    @property
    def dag(self) -> AgentDAG:
        """The DAG as it is now; after the next step, it is another one."""
        return self._design.dag

    def code(self) -> str:
        """Return the code of a cell that builds the DAG again."""
        return self._design.code()

    def to_json(self) -> str:
        """Return the DAG as JSON, with agents and functions by the palette's names."""
        return self._design.to_json()

    def load_json(self, text: str) -> None:
        """Show the DAG that :meth:`to_json` wrote; a step that can be undone.

        Raises
        ------
        GraphError
            If the text is no such JSON, or names what is not in the palette.
        """
        self._do(lambda: self._design.load_json(text))

    def load_example(self) -> None:
        """Show a small DAG of what the palette offers; a step that can be undone."""
        self._do(self._design.example)

    def undo(self) -> None:
        """Take the last step back, if there is one."""
        self._do(self._design.undo)

    def redo(self) -> None:
        """Take the step again that was undone last, if there is one."""
        self._do(self._design.redo)

    def select(self, name: str | None) -> None:
        """Select a node and show its form, or nothing."""
        with self._lock, self.hold_sync():
            super().select(name)
            self._choose(() if name is None else (name,))

    def run(self, initial_state: Mapping[str, Any] | None = None) -> RunHandle:
        """Run the DAG as it is now, and show the run in the builder's place.

        Parameters
        ----------
        initial_state : mapping, optional
            The keys that no node writes.

        Returns
        -------
        RunHandle
            ``await handle`` gives the result; ``builder.executor.last_result`` keeps it.

        Raises
        ------
        GraphError
            If the DAG cannot run.
        """
        with self._lock, self.hold_sync():
            self.executor.dag = self.dag
            if self._run is None:
                room = self.height - _TOOLBAR
                self._run = PlacedRunView(self.executor, height=room, kept=self._keep_soon)
                self.run_model = self._run.model_id
            handle = self.executor.start(initial_state)
            self.mode, self._goes_on = "run", True
            self._show_toolbar()
        return handle

    def close(self) -> None:
        """Take the view off the page; a run goes on."""
        self._listening.close()
        if self._run is not None:
            self._run.close()
        super().close()

    # --- from the front end ------------------------------------------------------------

    def _receive(self, _view: object, message: Mapping[str, Any], _buffers: object) -> None:
        acts: dict[str, Callable[[Mapping[str, Any]], object]] = {
            "add": self._add,
            "field": self._type,
            "key": self._insert_key,
            "turn": self._turn,
            "run": self._start,
            "undo": lambda _: self.undo(),
            "redo": lambda _: self.redo(),
            "example": lambda _: self.load_example(),
        }
        act = acts.get(str(message.get("kind")), self._take_gesture)
        with self._lock, self.hold_sync():
            self._asked_of, self.note = message.get("revision") or 0, ""
            try:
                act(message)
            except LinusError as error:
                self.note = sendable(error.message)
            finally:  # whatever happened: a form waits for the answer to its edit
                self._asked_of = None
                self.edit = str(message.get("edit", self.edit))

    def _take_gesture(self, message: Mapping[str, Any]) -> None:
        super()._receive(self, message, None)

    def _name(self, key: object) -> str:
        drawing = self.revision if self._asked_of is None else self._asked_of
        names, number = self._drawings.get(drawing, ()), str(key).removeprefix("n")
        known = number.isdecimal() and int(number) < len(names)
        return names[int(number)] if known else ""

    def _edit(self, gesture: Gesture) -> None:
        ends = (gesture.source, gesture.target)
        if gesture.kind == "click":
            self._choose(ends if all(ends) else (gesture.node,) if gesture.node else ())
        elif gesture.kind == "connect":
            self._do(lambda: self._design.connect(*ends))
        elif all(ends):
            self._do(lambda: self._design.disconnect(*ends))
        else:
            self._do(lambda: self._design.remove(gesture.node))

    def _add(self, message: Mapping[str, Any]) -> None:
        def add() -> None:
            self._chosen = (self._design.add(str(message["what"]), str(message["name"])),)

        self._do(add)

    def _type(self, message: Mapping[str, Any]) -> None:
        source, target = (self._name(message.get(end)) for end in ("source", "target"))
        node, field, text = self._name(message.get("node")), message["field"], message["value"]
        if source and target:
            self._do(lambda: self._design.set_condition(source, target, str(text)))
        else:
            self._do(lambda: self._design.set_field(node, str(field), str(text)))
            if field == "name" and node not in self.dag:
                self._follow(node, str(text))

    def _follow(self, old: str, new: str) -> None:
        """Let messages about earlier drawings, which are on their way, mean the renamed node."""
        self._drawings = {
            number: tuple(new if name == old else name for name in names)
            for number, names in self._drawings.items()
        }

    def _insert_key(self, message: Mapping[str, Any]) -> None:
        node = self._name(message.get("node"))
        self._do(lambda: self._design.insert_key(node, str(message["key"]), int(message["at"])))

    def _turn(self, _message: Mapping[str, Any]) -> None:
        self._direction = "TB" if self._direction == "LR" else "LR"
        self.draw(self.picture)
        self._show_design()

    def _start(self, message: Mapping[str, Any]) -> None:
        state = state_of((str(key), str(text)) for key, text in message["values"])

        def start() -> None:
            try:
                if not self._reason():
                    self.run(state)
            except LinusError as error:
                self.note = sendable(error.message)

        # The loop that runs in this thread, if it is another one, may end with the message.
        if self._loop is None or self._loop.is_closed() or self._loop is running_loop():
            start()
        else:
            self._loop.call_soon_threadsafe(start)

    def _do(self, step: Callable[[], object]) -> None:
        """Take a step in the design, and show what came of it."""
        with self._lock, self.hold_sync():
            step()
            self.executor.dag = self.dag  # what "Rerun failed" runs is what is shown here
            self._show_design()

    # --- the run -------------------------------------------------------------------------

    def _hear(self, event: Event) -> None:
        if isinstance(event, RunStarted | RunFinished):
            with self._lock:
                self._goes_on = isinstance(event, RunStarted)
                self._show_toolbar()

    def _reason(self) -> str:
        return "a run goes on" if self._goes_on else super()._reason()

    def _picture_that_stays(self) -> Picture:
        seen = self._run is not None and self.mode == "run"
        return self._run.picture if self._run is not None and seen else self.picture
