"""A DAG being edited: takes what somebody did, and always holds a DAG that is one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linus_nb.errors import PromptError
from linus_nb.graph import AgentDAG
from linus_nb.graph.display import shorten
from linus_nb.graph.reachability import path_between
from linus_nb.widgets.building import editing, example
from linus_nb.widgets.building.editing import CONDITION
from linus_nb.widgets.building.filling import condition_of, fields_of
from linus_nb.widgets.building.form import OPTIONS, text_of
from linus_nb.widgets.building.history import History, Moment
from linus_nb.widgets.building.palette import Palette, PaletteEntry, unique
from linus_nb.widgets.building.problems import Problem, findings_of, problems_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linus_nb.widgets.building.form import FormField
    from linus_nb.widgets.building.history import Place

_LONGEST_NAME = 40
"""Characters of a name in the text of a step."""


class Design:
    """A DAG that is edited step by step, by mouse, keys and typed texts.

    Every step makes a new DAG, so that a step that fails leaves nothing behind, and one that
    is undone brings back the very DAG of before. What was typed but has no meaning stays in
    its field, with a sentence that says why, and out of the DAG.

    Parameters
    ----------
    dag : AgentDAG, optional
        Where to begin; it is not changed.
    agents, functions : mapping of str to object, optional
        What can be added, by name.

    Raises
    ------
    OptionError
        If something among them cannot be called.

    Examples
    --------
    >>> design = Design(functions={"load": lambda: [1, 2], "add": lambda load: sum(load)})
    >>> design.connect(design.add("function", "load"), design.add("function", "add"))
    >>> design.set_condition("load", "add", "len(load) > 1")
    >>> design.set_field("add", "retry_count", "many")
    >>> [problem.sentence for problem in design.problems()]
    ["'many' is no whole number, like 3"]
    >>> design.undo()
    >>> design.dag.edges[0].condition, design.next_undo
    (Expression('len(load) > 1'), 'Set the condition of load → add')
    """

    def __init__(
        self,
        dag: AgentDAG | None = None,
        agents: Mapping[str, Any] | None = None,
        functions: Mapping[str, Any] | None = None,
    ) -> None:
        first = AgentDAG() if dag is None else dag.copy()
        self._palette = Palette(agents or {}, functions or {}, first)
        self._history = History(Moment(first))

    # --- what there is -----------------------------------------------------------

    @property
    def dag(self) -> AgentDAG:
        """The DAG as it is now; after the next step, it is another one."""
        return self._history.now.dag

    @property
    def palette(self) -> list[PaletteEntry]:
        """What can be added."""
        return list(self._palette.entries)

    @property
    def registries(self) -> dict[str, dict[str, Any]]:
        """The ``agents`` and ``functions`` that :meth:`code` and :meth:`to_json` name."""
        return self._palette.by_name

    def fields(self, node: str) -> list[FormField]:
        """Return the form of a node."""
        return fields_of(self._now, node, self._palette)

    def condition(self, source: str, target: str) -> FormField:
        """Return the field of an edge: its condition.

        A condition that is a function has no text: the help names it.
        """
        return condition_of(self._now, source, target)

    def problems(self) -> list[Problem]:
        """Return all that keeps the DAG from running, or was typed in vain."""
        return list(problems_of(self._now))

    def readable_keys(self, node: str) -> list[str]:
        """Return what a node may read: its ancestors' keys, then those of the initial state."""
        editing.node_of(self._now, node)
        structure = self.dag.structure()
        above = structure.ancestors_of(structure.index[node])
        keys = [structure.nodes[ancestor].key for ancestor in above]
        return list(dict.fromkeys([*keys, *findings_of(self._now).needed]))

    def cycle(self, source: str, target: str) -> list[str]:
        """Return the path that an edge would close, [] if it would close none."""
        for name in (source, target):
            editing.node_of(self._now, name)
        after: dict[str, dict[str, None]] = {name: {} for name in self.dag.nodes}
        for edge in self.dag.edges:
            after[edge.source][edge.target] = None
        path = path_between(target, source, after)
        return [source, *path] if path else []

    def targets(self, source: str) -> list[str]:
        """Return the nodes to which an edge from ``source`` can be drawn."""
        editing.node_of(self._now, source)
        structure = self.dag.structure()
        position = structure.index[source]
        taken = {position, *structure.successors[position], *structure.ancestors_of(position)}
        return [name for number, name in enumerate(structure.names) if number not in taken]

    # --- steps -------------------------------------------------------------------

    def add(self, kind: str, name: str) -> str:
        """Add a node for an entry of the palette, and return its name.

        Raises
        ------
        OptionError
            If the palette has no such entry.
        """
        agent = self._palette.get(kind, name)
        node = unique(name or kind, self.dag)
        self._take(editing.with_node(self._now, node, agent), f"Add {_short(node)}")
        return node

    def remove(self, node: str) -> None:
        """Remove a node and its edges."""
        self._take(editing.without_node(self._now, node), f"Remove {_short(node)}")

    def connect(self, source: str, target: str) -> None:
        """Draw an edge, if it is not there.

        Raises
        ------
        CycleError
            If it would close a cycle.
        """
        text = f"Connect {_short(source)} to {_short(target)}"
        self._take(editing.with_edge(self._now, source, target), text)

    def disconnect(self, source: str, target: str) -> None:
        """Remove an edge."""
        text = f"Disconnect {_short(source)} from {_short(target)}"
        self._take(editing.without_edge(self._now, source, target), text)

    def set_condition(self, source: str, target: str, text: str) -> None:
        """Set the condition of an edge as it was typed; "" removes it."""
        told = f"Set the condition of {_short(source)} → {_short(target)}"
        moment = editing.with_condition(self._now, source, target, text)
        self._take(moment, told, place=(source, target, CONDITION))

    def set_field(self, node: str, field: str, text: str) -> None:
        """Set a field of a node as it was typed; see :meth:`fields` for what came of it.

        After a change of its name, a node is known by the new one alone.
        """
        moment = editing.with_field(self._now, node, field, text, self._palette)
        renamed = field == "name" and text in moment.dag and node not in moment.dag
        self._take(
            moment,
            f"Change {OPTIONS[field].label.lower()} of {_short(node)}",
            place=(node, field),
            moved=(text, field) if renamed else None,
        )

    def insert_key(self, node: str, key: str, at: int | None = None) -> None:
        """Put ``{key}`` into the prompt of a node.

        Parameters
        ----------
        node : str
            Its name.
        key : str
            What the node shall read.
        at : int, optional
            Before which character of the prompt; at its end if not given.

        Raises
        ------
        PromptError
            If a prompt cannot name such a key.
        """
        if not key or "{" in key or "}" in key:
            raise PromptError(
                f"a prompt cannot name the key {key!r}", hint="read it by the input mapping"
            )
        present = editing.node_of(self._now, node)
        typed = self._now.typed.get((node, "prompt"))
        prompt = text_of(present, "prompt") if typed is None else typed.text
        at = len(prompt) if at is None else min(max(at, 0), len(prompt))
        prompt = f"{prompt[:at]}{{{key}}}{prompt[at:]}"
        moment = editing.with_field(self._now, node, "prompt", prompt, self._palette)
        self._take(moment, f"Insert {{{_short(key)}}}")

    def example(self) -> None:
        """Put a small DAG of the palette's entries, or of sums, in the place of this one."""
        self._take(Moment(example.of(self.dag.name, self._palette)), "Load an example")

    def load_json(self, text: str) -> None:
        """Put the DAG that :meth:`to_json` wrote in the place of this one.

        Raises
        ------
        GraphError
            If it is no such text, or names what is not in :attr:`registries`.
        """
        self._take(Moment(AgentDAG.from_json(text, **self.registries)), "Load JSON")

    def undo(self) -> None:
        """Take the last step back, if there is one."""
        self._history.undo()

    def redo(self) -> None:
        """Take the step again that was undone last, if there is one."""
        self._history.redo()

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return self.next_undo != ""

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to take again."""
        return self.next_redo != ""

    @property
    def next_undo(self) -> str:
        """The step that would be taken back, like "Add writer"; "" if there is none."""
        return self._history.next_undo

    @property
    def next_redo(self) -> str:
        """The step that would be taken again; "" if there is none."""
        return self._history.next_redo

    # --- what it becomes -----------------------------------------------------------

    def code(self) -> str:
        """Return a cell that builds the DAG; its first comment says what has to be there."""
        return example.imports(self.dag) + self.dag.to_code(**self.registries)

    def to_json(self) -> str:
        """Return the DAG as JSON, with what it holds by the names of the palette."""
        return self.dag.to_json(**self.registries)

    @property
    def _now(self) -> Moment:
        return self._history.now

    def _take(
        self, moment: Moment, text: str, *, place: Place | None = None, moved: Place | None = None
    ) -> None:
        if moment is not self._now:
            self._history.take(moment, text, place=place, moved=moved)


def _short(name: str) -> str:
    return shorten(name, _LONGEST_NAME)
