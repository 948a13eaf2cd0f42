"""Looks at what nodes are: their code, and all that it has captured.

It happens before every run, so it is quick (a few microseconds a node), and it never
changes anything. What cannot be told apart by looking is told apart by its class.
"""

from __future__ import annotations

import functools
import sysconfig
from opcode import opmap
from pathlib import Path
from types import (
    BuiltinFunctionType,
    CellType,
    CodeType,
    FunctionType,
    MethodType,
    ModuleType,
)
from typing import TYPE_CHECKING, Any

from linus_nb.graph.durable.definition import ATOMS, Data, Definition, Function, Object, rendered
from linus_nb.graph.durable.encoding import codec_of, digest
from linus_nb.graph.durable.encoding_classes import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from linus_nb.graph.durable.encoding_values import Json
    from linus_nb.graph.node import AgentNode, Edge

MOST_ITEMS = 2_000
"""So much of a piece of captured data is looked at in a run that asked for no reuse."""

_WRITING = frozenset((opmap["STORE_GLOBAL"], opmap["STORE_DEREF"]))

_INSTALLED = (
    "<frozen",
    str(Path(__file__).parents[2]),
    *(sysconfig.get_path(place) for place in ("stdlib", "platstdlib", "purelib", "platlib")),
)


class Definer:
    """Looks at nodes; what several of them share is looked at once.

    Parameters
    ----------
    most : int, optional
        Most items of captured data to look at, for each piece of data.

    Examples
    --------
    >>> from linus_nb.graph import AgentNode
    >>> def node(agent):
    ...     return Definer().define(AgentNode("n", agent))
    >>> node(lambda x: x + 1).whole == node(lambda x: x + 1).whole
    True
    >>> node(lambda x: x + 1).whole == node(lambda x: x + 2).whole
    False
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._seen: dict[int, tuple[Any, Any]] = {}
        self._entered: list[int] = []
        self._circular = False
        self._data: list[tuple[Any, Data | Object]] = []
        self._writes = False
        self._over = False
        self._codes: dict[int, tuple[CodeType, tuple[str, ...]]] = {}

    def has_changed(self) -> bool:
        """Whether anything that was captured may have changed since it was looked at."""
        self._over = True
        return self._writes or any(self._look_at(value) != tree for value, tree in self._data)

    def define(self, node: AgentNode) -> Definition:
        """Return what ``node`` is now."""
        return Definition((node, self.look(node.agent)))

    def look(self, agent: Any) -> Any:
        """Return the tree of a node's agent."""
        tree = self._function(agent) if type(agent) is FunctionType else self._look(agent)
        if self._entered:
            self._leave()
        return tree

    def define_edges(self, edges: Iterable[Edge]) -> Definition:
        """Return what the conditions of ``edges`` are now."""
        return Definition(tuple(map(self._edge, edges)))

    def _edge(self, edge: Edge) -> tuple[Any, ...]:
        labels = () if edge.branch is None else edge.branch.labels
        router = None if edge.branch is None else self._start(edge.branch.router)
        return (
            ("edge", edge.source, edge.target, repr((edge.routes, labels))),
            self._start(edge.condition),
            router,
        )

    def _start(self, value: Any) -> Any:
        tree = self._look(value)
        self._leave()
        return tree

    def _leave(self) -> None:
        if self._circular:
            # What was met inside a circle was not seen whole: others must look again.
            for number in self._entered:
                del self._seen[number]
        self._entered.clear()
        self._circular = False

    def _look(self, value: Any) -> Any:
        if type(value) in ATOMS:
            return value
        found = self._seen.get(id(value))
        if found is not None:
            self._circular |= found[1] is None
            return ("met",) if found[1] is None else found[1]
        self._seen[id(value)] = (value, None)
        self._entered.append(id(value))
        try:
            tree = self._function(value) if type(value) is FunctionType else self._look_at(value)
        except Exception:  # noqa: BLE001 - an odd object must not keep a run from starting
            tree = ("odd", kind_of(value))
        self._seen[id(value)] = (value, tree)
        return tree

    def _function(self, function: FunctionType) -> Function:
        code, closure = function.__code__, function.__closure__
        known = self._codes.get(id(code))  # by identity: to hash code would take longer
        if known is None:
            known = self._codes[id(code)] = code, _global_names(code)
            self._writes |= _writes(code)
        values = _contents(closure) if closure else []
        if function.__defaults__ is not None or function.__kwdefaults__:
            values += function.__defaults__ or ()
            values += (function.__kwdefaults__ or {}).values()
        if known[1]:
            space = function.__globals__
            values += [space[name] for name in known[1] if name in space]
        look = self._look
        return Function((code, *[v if type(v) in ATOMS else look(v) for v in values]))

    def _look_at(self, value: Any) -> Any:
        for kind, look in _LOOKS.items():
            if isinstance(value, kind):
                return look(self, value)
        kind = type(value)
        if hasattr(kind, "get_execution_order") and hasattr(kind, "add_edge"):
            return self._dag(value)
        if hasattr(kind, "to_config"):
            return ("configured", kind_of(value), digest(value.to_config(), self._tell))
        if hasattr(value, "__wrapped__"):
            return ("wraps", kind_of(value), self._look(value.__wrapped__))
        if codec_of(value) is not None:
            return self._keep(value, Data(digest(value, self._tell, self._most)))
        held = getattr(value, "__dict__", {})
        plain = {k: v for k, v in held.items() if type(v) in ATOMS and not k.startswith("_")}
        return self._keep(value, Object(self._look(type(value)), tuple(sorted(plain.items()))))

    def _keep(self, value: Any, tree: Data | Object) -> Data | Object:
        if not self._over:
            self._data.append((value, tree))
        return tree

    def _method(self, value: MethodType) -> Any:
        return ("method", self._look(value.__self__), self._look(value.__func__))

    def _partial(self, value: functools.partial[Any]) -> Any:
        return ("partial", *map(self._look, (value.func, value.args, value.keywords)))

    def _class(self, kind: type) -> tuple[Any, ...]:
        methods = [v for v in vars(kind).values() if isinstance(v, FunctionType)]
        own = [self._look(method) for method in methods if not _is_installed(method.__code__)]
        bases = [self._look(base) for base in kind.__bases__ if base is not object] if own else []
        return ("class", kind_of(kind), *own, *bases)

    def _dag(self, dag: Any) -> tuple[Any, ...]:
        nodes = [(name, node, self._look(node.agent)) for name, node in dag.nodes.items()]
        return ("dag", dag.name, *nodes, *map(self._edge, dag.edges))

    def _tell(self, value: Any) -> Json:
        """Tell of an object among data that is no data itself."""
        return repr(rendered(self._look(value), with_data=True))


_LOOKS: dict[type, Callable[[Definer, Any], Any]] = {
    ModuleType: lambda _, value: ("module", value.__name__),
    BuiltinFunctionType: lambda _, value: ("builtin", value.__module__ or "", value.__qualname__),
    MethodType: Definer._method,  # noqa: SLF001 - its own table
    functools.partial: Definer._partial,  # noqa: SLF001
    type: Definer._class,  # noqa: SLF001
}


def _contents(closure: tuple[CellType, ...]) -> list[Any]:
    try:
        return [cell.cell_contents for cell in closure]
    except ValueError:  # one is not filled yet; such cells are all equal
        filled = [cell for cell in closure if cell != CellType()]
        return [cell.cell_contents for cell in filled]


@functools.lru_cache(maxsize=4096)
def _global_names(code: CodeType) -> tuple[str, ...]:
    """Return the global names that a user's code, and the functions inside it, use."""
    if _is_installed(code):
        return ()
    names = dict.fromkeys(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= dict.fromkeys(_global_names(constant))
    return tuple(names)


@functools.lru_cache(maxsize=4096)
def _writes(code: CodeType) -> bool:
    """Whether code binds variables that are not its own: a counter, for example."""
    return not _WRITING.isdisjoint(code.co_code[::2]) and not _is_installed(code)


@functools.lru_cache(maxsize=4096)
def _is_installed(code: CodeType) -> bool:
    """Whether code is Python's or a package's: it changes with an upgrade, not in a cell."""
    return code.co_filename.startswith(_INSTALLED)
