"""What the nodes of one run have written, and what each of them may read.

A node reads the initial state and what its ancestors wrote, nothing else, so its answer
does not depend on who happened to be faster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linus_nb.errors import SharedKeyError
from linus_nb.graph.isolation import ATOMS, own

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from linus_nb.graph.structure import Structure

_MOST_EAGER_KEYS = 64
_LIGHT_ITEMS = 64


class Store:
    """Initial state and outputs of one run; each is copied when written and when read.

    Parameters
    ----------
    structure : Structure
        The DAG.
    initial : mapping
        The initial state.
    """

    def __init__(self, structure: Structure, initial: Mapping[str, Any]) -> None:
        self.structure = structure
        self.initial = {key: own(value) for key, value in initial.items()}
        self.outputs: list[Any] = [None] * len(structure.names)
        self.written = bytearray(len(structure.names))
        self._heavy = 0
        self._heavy_initial = not all(map(_is_light, self.initial.values()))

    def require_free(self, node: int) -> None:
        """Raise SharedKeyError if the key of ``node`` has been written already."""
        key, names = self.structure.nodes[node].key, self.structure.names
        writers = self.structure.writers[key]
        for writer in writers if len(writers) > 1 else ():
            if self.written[writer]:
                raise SharedKeyError(
                    f"{names[writer]!r} and {names[node]!r} both wrote {key!r}",
                    hint="make the conditions of their edges exclude each other, or give one "
                    "another output_key",
                )

    def write(self, node: int, value: Any) -> Any:
        """Keep ``value`` as the output of ``node`` and return what is kept."""
        kept = self.outputs[node] = own(value)
        self.written[node] = 1
        if type(kept) not in ATOMS and not _is_light(kept):
            self._heavy |= 1 << node
        return kept

    def read(self, key: str, writers: tuple[int, ...]) -> Any:
        """Return a copy of what ``writers`` left under ``key``, None if there is nothing."""
        for writer in writers:
            if self.written[writer]:
                value = self.outputs[writer]
                return value if type(value) in ATOMS else own(value)
        return own(self.initial.get(key))

    def has(self, key: str, writers: tuple[int, ...]) -> bool:
        """Whether :meth:`read` would find something."""
        return any(self.written[w] for w in writers) or key in self.initial

    def view(self, node: int, *, with_own: bool = False) -> dict[str, Any]:
        """Return a dict of all that ``node`` may read, its own to change.

        Parameters
        ----------
        node : int
            Who reads.
        with_own : bool
            Also what ``node`` itself wrote (for the conditions of its edges).
        """
        above = self.structure.ancestors[node] | (1 << node if with_own else 0)
        light = not (self._heavy_initial or above & self._heavy)
        if light and above.bit_count() <= _MOST_EAGER_KEYS:
            return {key: own(value) for key, value in self._visible(node, with_own=with_own)}
        return LazyState(
            lambda: self._visible(node, with_own=with_own),
            lambda key: self._find(node, key, with_own=with_own),
        )

    def final_state(self) -> dict[str, Any]:
        """Return the initial state and every output by its key, copied."""
        state = {key: own(value) for key, value in self.initial.items()}
        for node in self.structure.order:
            if self.written[node]:
                state[self.structure.nodes[node].key] = own(self.outputs[node])
        return state

    def _visible(self, node: int, *, with_own: bool) -> Iterator[tuple[str, Any]]:
        yield from self.initial.items()
        above = self.structure.ancestors_of(node) + ([node] if with_own else [])
        for ancestor in above:
            if self.written[ancestor]:
                yield self.structure.nodes[ancestor].key, self.outputs[ancestor]

    def _find(self, node: int, key: str, *, with_own: bool) -> tuple[Any] | None:
        writers = self.structure.writers_above(node, key)
        if with_own and self.structure.nodes[node].key == key:
            writers += (node,)
        for writer in writers:
            if self.written[writer]:
                return (own(self.outputs[writer]),)
        return (own(self.initial[key]),) if key in self.initial else None


def _is_light(value: Any) -> bool:
    """Whether a copy of ``value`` costs next to nothing (frames and arrays do not copy data)."""
    if isinstance(value, list | tuple | set):
        return len(value) <= _LIGHT_ITEMS and all(type(item) in ATOMS for item in value)
    if isinstance(value, dict):
        return len(value) <= _LIGHT_ITEMS and all(type(item) in ATOMS for item in value.values())
    if hasattr(value, "dtypes") and hasattr(value, "columns"):
        return not any(dtype == "object" for dtype in value.dtypes)
    return True


class LazyState(dict[str, Any]):
    """A dict that copies a value when it is first asked for.

    Used where copying everything for every node would cost more than the nodes
    (large values, or more than 64 keys). Anything but reading single keys fills it whole.

    Parameters
    ----------
    items : callable
        Gives all pairs, uncopied.
    find : callable
        Gives a one-tuple with the copy of one key's value, or None.
    """

    def __init__(
        self,
        items: Callable[[], Iterator[tuple[str, Any]]],
        find: Callable[[str], tuple[Any] | None],
    ) -> None:
        super().__init__()
        self._items = items
        self._find = find
        self._filled = False
        self._removed: set[object] = set()
        # C code such as json's encoder takes a dict of length 0 for an empty one and never
        # asks further; one real entry keeps it asking.
        first = next(iter(items()), None)
        if first is not None:
            super().__setitem__(first[0], self._copy_of(first[0]))

    def _copy_of(self, key: str) -> Any:
        found = self._find(key)
        if found is None:
            raise KeyError(key)
        return found[0]

    def __missing__(self, key: str) -> Any:
        if self._filled or key in self._removed:
            raise KeyError(key)
        value = self._copy_of(key)
        super().__setitem__(key, value)
        return value

    def _fill(self) -> None:
        if self._filled:
            return
        have = dict(super().items())
        super().clear()
        for key, value in self._items():
            if key not in self._removed:
                super().__setitem__(key, have.pop(key) if key in have else own(value))
        super().update(have)
        self._filled = True

    def __contains__(self, key: object) -> bool:
        if super().__contains__(key):
            return True
        if self._filled or key in self._removed or not isinstance(key, str):
            return False
        return self._find(key) is not None

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of ``key``, ``default`` if there is none."""
        try:
            return self[key]
        except KeyError:
            return default

    def __delitem__(self, key: str) -> None:
        self._fill()
        super().__delitem__(key)

    def __reduce__(self) -> tuple[type, tuple[dict[str, Any]]]:
        self._fill()
        return dict, (dict(super().items()),)


def _filling(name: str) -> Callable[..., Any]:
    original = getattr(dict, name)

    def method(self: LazyState, *args: Any, **kwargs: Any) -> Any:
        self._fill()
        return original(self, *args, **kwargs)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = original.__doc__
    return method


for _name in (
    "__iter__", "__len__", "__eq__", "__ne__", "__or__", "__ror__", "__ior__", "__repr__",
    "__reversed__", "keys", "values", "items", "copy", "pop", "popitem", "clear", "setdefault",
    "update",
):  # fmt: skip
    setattr(LazyState, _name, _filling(_name))
