"""What a run looks like from outside, built up from its events; no widget, no loop, no clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from linus_nb import events
from linus_nb.drawing.picture import cleaned
from linus_nb.widgets.node_texts import readable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from linus_nb.events import Event

Span = tuple[float, float | None, str]
"""An attempt's begin and end (seconds from the run's start) and its status."""

Value = object
_SETTLED = frozenset({"completed", "failed", "skipped", "cancelled", "reused"})
_MOST_TOOLS = 50


@dataclass(slots=True)
class NodeProgress:
    """What is known of one node so far."""

    name: str
    status: str = "waiting"
    since: float = 0.0
    """When the last thing happened, seconds from the run's start."""
    doing: str = ""
    """What it is at: ``""`` for its own work, ``"model"``, or a tool's name."""
    waits_for: str = "the model"
    """Whose silence it is while it waits: Ollama, the embedded model ..."""
    retry: str = ""
    spans: list[Span] = field(default_factory=list)
    tools: list[dict[str, str]] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)

    @property
    def settled(self) -> bool:
        """Whether it has its end status."""
        return self.status in _SETTLED


class Progress:
    """The state of a run, and which parts of it have changed since somebody looked.

    Parameters
    ----------
    names : iterable of str
        The nodes, in the order of their drawing.
    room : int
        Most characters of one text.

    Examples
    --------
    >>> progress = Progress(["load"])
    >>> progress.take(events.NodeStarted(0.0, "r1", "load"))
    >>> progress.take(events.Token(0.5, "r1", "load", text="Hello"))
    >>> progress.nodes[0].status, progress.changes(now=1.0)["output_0"]
    ('running', 'Hello')
    """

    def __init__(self, names: Iterable[str], room: int = 8_000) -> None:
        self.nodes = [NodeProgress(name) for name in names]
        self.index = {node.name: i for i, node in enumerate(self.nodes)}
        self.verdicts: dict[tuple[str, str], bool] = {}
        self.following: int | None = None
        self._room = room
        self._dirty: set[tuple[str, int]] = set()
        self._sent: dict[str, Value] = {}

    def take(self, event: Event) -> None:
        """Learn from an event."""
        handler = _HANDLERS.get(type(event))
        i = self.find(event.node)
        if handler is None or i is None:
            return
        # What children of a nested DAG do is shown as their parent's doing.
        is_child = event.node != self.nodes[i].name
        if not is_child or isinstance(event, _FROM_CHILDREN):
            handler(self, i, event)
            self.nodes[i].since = event.time

    def printed(self, name: str, text: str) -> None:
        """Learn that a node has printed."""
        i = self.find(name)
        if i is not None:
            self._append("printed", i, text)

    def put(self, aspect: str, i: int, value: Value) -> None:
        """Set what is known of a node: its input, its output, its error."""
        self._sent[f"{aspect}_{i}"] = value
        self._dirty.add((aspect, i))

    def changes(self, now: float) -> dict[str, Value]:
        """Return what has changed since the last call, by keys like ``output_3``."""
        for i in self.running:
            self._dirty.add(("activity", i))
        dirty, self._dirty = self._dirty, set()
        return {f"{aspect}_{i}": self._value(aspect, i, now) for aspect, i in dirty}

    @property
    def running(self) -> list[int]:
        """The numbers of the nodes that run now."""
        return [i for i, node in enumerate(self.nodes) if node.status == "running"]

    @property
    def reached(self) -> int:
        """How many nodes have their end status, those not counted that were stopped."""
        return sum(node.settled and node.status != "cancelled" for node in self.nodes)

    @property
    def _has_failed(self) -> bool:
        return self.following is not None and self.nodes[self.following].status == "failed"

    def find(self, path: str) -> int | None:
        """Return the number of the node that ``path`` names or is inside of."""
        while path and path not in self.index:
            path = path.rpartition("/")[0]
        return self.index.get(path)

    # --- what follows from each event -------------------------------------------

    def _queued(self, i: int, _: Event) -> None:
        self.nodes[i].status = "queued"

    def _started(self, i: int, event: events.NodeStarted) -> None:
        node = self.nodes[i]
        node.status, node.doing = "running", ""
        node.retry = f"attempt {event.attempt}" if event.attempt > 1 else ""
        node.spans.append((event.time, None, "running"))
        if not self._has_failed:
            self.following = i
        self._touch(i, "spans", "input")

    def _retrying(self, i: int, event: events.NodeRetrying) -> None:
        node = self.nodes[i]
        node.status, node.retry = "queued", f"failed, again in {event.delay:.1f} s"
        self._close_span(node, event.time, "failed")
        node.texts.pop("output", None)
        self._touch(i, "spans", "output")

    def _finished(self, i: int, event: events.NodeFinished) -> None:
        node = self.nodes[i]
        node.status, node.doing, node.retry = event.status, "", ""
        self._close_span(node, event.time, event.status)
        self._touch(i, "spans")
        if event.status == "failed":
            self.following = i  # and from there on nothing is followed that ends because of it
        elif self.following == i and not self._has_failed:
            self.following = next(iter(self.running), i)

    def _decided(self, i: int, event: events.EdgeDecided) -> None:
        self.verdicts[self.nodes[i].name, event.target] = event.live

    def _phase(self, i: int, _: Event) -> None:
        self.nodes[i].doing = "model"

    def _token(self, i: int, event: events.Token) -> None:
        self.nodes[i].doing = "writing"
        self._append("output", i, event.text)

    def _tool_started(self, i: int, event: events.ToolStarted) -> None:
        self.nodes[i].doing = event.tool
        call = {"tool": cleaned(event.tool, 200), "state": "running", "told": "…", "result": ""}
        call["arguments"] = readable(event.arguments, 500)
        self.nodes[i].tools[_MOST_TOOLS - 1 :] = [call]
        self._touch(i, "tools")

    def _tool_finished(self, i: int, event: events.ToolFinished) -> None:
        node = self.nodes[i]
        node.doing = "model"
        open_calls = (call for call in node.tools if call["state"] == "running")
        call = next((call for call in open_calls if call["tool"] == cleaned(event.tool, 200)), None)
        if call is not None:
            call["state"] = "completed" if event.error is None else "failed"
            call["told"] = f"· {event.seconds:.2f} s"
            call["result"] = readable(event.error or event.result, 1_000)
        self._touch(i, "tools")

    # --- helpers ------------------------------------------------------------------

    def _touch(self, i: int, *aspects: str) -> None:
        self._dirty.update((aspect, i) for aspect in ("activity", *aspects))

    def _append(self, aspect: str, i: int, text: str) -> None:
        texts = self.nodes[i].texts
        whole = texts.get(aspect, "") + cleaned(text, max(self._room, 2))
        # The newest is what somebody reads who watches.
        texts[aspect] = whole if len(whole) <= self._room else "…" + whole[1 - self._room :]
        self._sent.pop(f"{aspect}_{i}", None)
        self._touch(i, aspect)

    @staticmethod
    def _close_span(node: NodeProgress, time: float, status: str) -> None:
        if node.spans and node.spans[-1][1] is None:
            node.spans[-1] = (node.spans[-1][0], time, status)

    def _value(self, aspect: str, i: int, now: float) -> Value:
        node = self.nodes[i]
        if aspect == "activity":
            return activity(node, now)
        if aspect == "spans":
            return list(node.spans)
        if aspect == "tools":
            return [dict(call) for call in node.tools]
        return self._sent.get(f"{aspect}_{i}", node.texts.get(aspect, ""))


def activity(node: NodeProgress, now: float) -> str:
    """Return in a few words what a node is doing.

    Examples
    --------
    >>> node = NodeProgress("a", "running", since=2.0, doing="model", waits_for="Ollama")
    >>> activity(node, now=10.2)
    'waiting for Ollama, 8 s'
    """
    if node.status != "running":
        return f"{node.status}, {node.retry}" if node.retry else node.status
    seconds = f"{max(0.0, now - node.since):.0f} s"
    told = {
        "": f"running, {seconds}",
        "writing": "writing",
        "model": f"waiting for {node.waits_for}, {seconds}",
    }.get(node.doing, f"tool {node.doing}, {seconds}")
    return f"{told} ({node.retry})" if node.retry else told


def seconds_left(
    nodes: Sequence[NodeProgress],
    expected: Mapping[str, float],
    edges: Iterable[tuple[int, int]],
    now: float,
    *,
    one_at_a_time: bool,
) -> float | None:
    """Return how long a run still takes if every node takes as long as last time.

    Parameters
    ----------
    nodes : sequence of NodeProgress
        The nodes.
    expected : mapping of str to float
        Seconds by name; what is missing makes the answer None.
    edges : iterable of (int, int)
        Edges in an order in which no edge comes before one into its source.
    now : float
        Seconds from the run's start.
    one_at_a_time : bool
        Whether the run is sequential.

    Examples
    --------
    >>> nodes = [NodeProgress("a", "completed"), NodeProgress("b"), NodeProgress("c")]
    >>> seconds_left(nodes, {"b": 2.0, "c": 3.0}, [(0, 1), (1, 2)], 1.0, one_at_a_time=False)
    5.0
    """
    if any(not node.settled and node.name not in expected for node in nodes):
        return None
    left = [0.0 if node.settled else _left(node, expected[node.name], now) for node in nodes]
    if one_at_a_time:
        return sum(left)
    ends = list(left)
    for source, target in edges:
        ends[target] = max(ends[target], ends[source] + left[target])
    return max(ends, default=0.0)


def _left(node: NodeProgress, seconds: float, now: float) -> float:
    return max(0.0, seconds - (now - node.spans[-1][0])) if node.status == "running" else seconds


_HANDLERS: dict[type[Event], Callable[..., None]] = {
    events.NodeQueued: Progress._queued,  # noqa: SLF001 - the table of its own methods
    events.NodeStarted: Progress._started,  # noqa: SLF001
    events.NodeRetrying: Progress._retrying,  # noqa: SLF001
    events.NodeFinished: Progress._finished,  # noqa: SLF001
    events.EdgeDecided: Progress._decided,  # noqa: SLF001
    events.Phase: Progress._phase,  # noqa: SLF001
    events.Token: Progress._token,  # noqa: SLF001
    events.ToolStarted: Progress._tool_started,  # noqa: SLF001
    events.ToolFinished: Progress._tool_finished,  # noqa: SLF001
}
_FROM_CHILDREN = (events.Phase, events.Token, events.ToolStarted, events.ToolFinished)
