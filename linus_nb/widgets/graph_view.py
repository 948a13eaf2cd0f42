"""A DAG in the browser: laid out once, recoloured in place, clicked, connected, deleted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, cast

import anywidget
from traitlets import Bool, Dict, Int, Unicode

from linus_nb import drawing
from linus_nb.drawing import LOOKS
from linus_nb.drawing.render import fitting_detail
from linus_nb.drawing.summary import summarized
from linus_nb.errors import UnknownNodeError
from linus_nb.widgets.assets import css, esm
from linus_nb.widgets.showing import Output, cell_number, frontend, static_html

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from linus_nb.drawing import Picture
    from linus_nb.graph.views import Drawable

Kind = Literal["click", "connect", "delete"]
VIEW = "application/vnd.jupyter.widget-view+json"

_ROOM_FOR_DETAIL = "00.0 s · 0000 tokens"
"""Boxes are laid out with room for what a run will write into them."""


@dataclass(frozen=True, slots=True)
class Gesture:
    """What somebody did with pointer or keys.

    Parameters
    ----------
    kind : {"click", "connect", "delete"}
        Select, draw an edge, remove.
    node : str
        The node's name; "" where an edge, or nothing, was meant.
    source, target : str
        The ends of an edge.
    """

    kind: Kind
    node: str = ""
    source: str = ""
    target: str = ""


class GraphView(anywidget.AnyWidget):
    """A DAG that can be looked at, clicked and, with ``editable=True``, connected.

    Tab and arrows move, Enter selects; on an editable view ``c`` connects and Delete removes.
    The view itself changes nothing: it tells gestures to those who asked with :meth:`listen`.

    Parameters
    ----------
    dag : AgentDAG or Picture
        What to draw.
    editable : bool
        Whether edges can be drawn and things removed.
    height : int
        Pixels.

    Examples
    --------
    >>> from linus_nb.graph import AgentDAG
    >>> dag = AgentDAG("two")
    >>> _ = dag.node("load", lambda: 1), dag.node("sum", lambda load: load)
    >>> view = GraphView(dag)
    >>> view.recolour({"load": "completed"}, {"load": "0.1 s"})
    >>> view.select("sum")
    >>> view.statuses["n0"], view.selected_node
    ('completed', 'sum')
    """

    _esm = esm("graph_view.js")
    _css = css("graph_view.css")

    svg = Unicode().tag(sync=True)
    statuses = Dict().tag(sync=True)
    """Status by id ("n0" is the first node)."""
    details = Dict().tag(sync=True)
    """Second line of a box, by id."""
    verdicts = Dict().tag(sync=True)
    """Whether an edge ("n0 n1") is live."""
    marks = Dict().tag(sync=True)
    """Marks by id; a node with mark ``x`` has the class ``mark-x``."""
    selected = Unicode().tag(sync=True)
    """Id of what is selected: "n0", "n0 n1" for an edge, or nothing."""
    editable = Bool().tag(sync=True)
    height = Int().tag(sync=True)
    signs = Dict().tag(sync=True)

    def __init__(
        self, dag: Drawable | Picture, *, editable: bool = False, height: int = 320
    ) -> None:
        super().__init__()
        self._listeners: list[Callable[[Gesture], object]] = []
        self._static = Output()
        self._shown_in = -1
        signs = {status: look.sign for status, look in LOOKS.items()}
        with self.hold_sync():
            self.editable, self.height, self.signs = editable, height, signs
            self.draw(dag)
        self.on_msg(self._receive)

    # --- what is shown ---------------------------------------------------------

    def draw(self, dag: Drawable | Picture) -> None:
        """Lay out and show ``dag``, whatever was shown before.

        Raises
        ------
        GraphError
            If it is a picture that contradicts itself.
        """
        picture = as_picture(dag)
        self.place(picture, drawing.to_svg(roomy(picture)))

    def place(self, picture: Picture, svg: str) -> None:
        """Show ``picture``, for which ``svg`` was laid out."""
        self.picture = picture
        self._index = picture.index()
        self._whole = fitting_detail(len(picture.nodes), len(picture.edges)) != "summary"
        with self.hold_sync():
            self.svg = svg
            self.selected, self.marks = "", {}
            self.paint(picture)

    def paint(self, picture: Picture) -> None:
        """Show the statuses, details and verdicts of ``picture``, which has the same nodes."""
        self.picture = picture
        drawn = picture if self._whole else summarized(picture)[0]
        index = self._index if self._whole else drawn.index()
        with self.hold_sync():
            self.statuses = {f"n{i}": node.status for i, node in enumerate(drawn.nodes)}
            self.details = {f"n{i}": node.detail for i, node in enumerate(drawn.nodes)}
            self.verdicts = {
                f"n{index[edge.source]} n{index[edge.target]}": edge.live
                for edge in drawn.edges
                if edge.live is not None
            }

    def recolour(
        self, statuses: Mapping[str, str], details: Mapping[str, str] | None = None
    ) -> None:
        """Change the statuses, and the second lines, of some nodes.

        Parameters
        ----------
        statuses : mapping of str to str
            Status by name.
        details : mapping of str to str, optional
            Second line by name.
        """
        for name in (*statuses, *(details or {})):
            self._require(name)
        nodes = tuple(
            replace(
                node,
                status=statuses.get(node.name, node.status),
                detail=(details or {}).get(node.name, node.detail),
            )
            for node in self.picture.nodes
        )
        self.paint(replace(self.picture, nodes=nodes))

    def mark(self, marks: Mapping[str, str]) -> None:
        """Give nodes the class ``mark-...``; those not named lose theirs."""
        self.marks = {f"n{self._require(name)}": mark for name, mark in marks.items()}

    # --- what is selected and done ----------------------------------------------

    @property
    def selected_node(self) -> str | None:
        """The name of the selected node, None if there is none."""
        return self._name(self.selected) or None

    def select(self, name: str | None) -> None:
        """Select a node, or nothing."""
        self.selected = "" if name is None else f"n{self._require(name)}"

    def listen(self, listener: Callable[[Gesture], object]) -> None:
        """Call ``listener`` with every gesture.

        It may be called in a thread of its own (ipykernel 7.0 to 7.3).
        """
        self._listeners.append(listener)

    def _receive(self, _view: object, message: Mapping[str, Any], _buffers: object) -> None:
        kind = message.get("kind")
        if kind not in ("click", "connect", "delete"):
            return
        ends = (self._name(message.get(key, "")) for key in ("node", "source", "target"))
        gesture = Gesture(cast("Kind", kind), *ends)
        for listener in tuple(self._listeners):
            listener(gesture)

    def _name(self, key: object) -> str:
        """Return the name of the node that the front end calls ``key``."""
        number = str(key).removeprefix("n")
        nodes = self.picture.nodes if self._whole else ()
        known = number.isdecimal() and int(number) < len(nodes)
        return nodes[int(number)].name if known else ""

    def _require(self, name: str) -> int:
        if name not in self._index:
            raise UnknownNodeError(
                f"the view of {self.picture.name!r} has no node {name!r}",
                hint=f"its nodes are {list(self._index)[:20]}",
            )
        return self._index[name]

    # --- in a notebook -----------------------------------------------------------

    def show(self) -> None:
        """Show the view in the current cell, followed by the picture that stays."""
        self._shown_in = cell_number()
        if frontend() == "live":
            Output().show({VIEW: self._view_data(), "text/plain": ""})
        self._static = Output()
        self.keep()

    def keep(self) -> None:
        """Bring the picture that stays, for a saved notebook, up to date."""
        bundle = {"text/plain": repr(self)}
        if frontend() == "live":
            bundle["text/html"] = static_html(self.picture)
        self._static.show(bundle)

    def _ipython_display_(self) -> None:
        # As the last line of the cell in which it was shown already, it does not come twice.
        if self._shown_in != cell_number():
            self.show()

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, Any], dict[str, Any]]:
        picture = {"text/html": static_html(self.picture), "text/plain": repr(self)}
        return {VIEW: self._view_data(), **picture}, {}

    def _view_data(self) -> dict[str, object]:
        return {"version_major": 2, "version_minor": 0, "model_id": self.model_id}

    def __repr__(self) -> str:
        return drawing.to_text(self.picture)


def as_picture(dag: Drawable | Picture) -> Picture:
    """Return what is to be drawn of ``dag``."""
    return dag if isinstance(dag, drawing.Picture) else dag.picture()


def shape_of(picture: Picture) -> tuple[object, ...]:
    """Return what a drawing is laid out for; while it stays the same, one is only recoloured."""
    nodes = tuple(node.name for node in picture.nodes)
    edges = ((edge.source, edge.target, edge.label, edge.conditional) for edge in picture.edges)
    return nodes, tuple(edges)


def roomy(picture: Picture) -> Picture:
    """Return ``picture`` with room in every box for seconds and tokens."""
    nodes: Iterable[drawing.PictureNode] = (
        replace(node, detail=_ROOM_FOR_DETAIL) for node in picture.nodes
    )
    return replace(picture, nodes=tuple(nodes))
