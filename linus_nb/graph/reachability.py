"""Whether an edge would close a cycle, and the way around it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

Neighbours = Mapping[str, Mapping[str, object]]


def would_close_cycle(
    source: str, target: str, successors: Neighbours, predecessors: Neighbours
) -> bool:
    """Whether ``source`` can be reached from ``target``.

    Searches forward from the target and backward from the source in turns and stops when
    either side is exhausted, so that building a DAG in topological order, or in the reverse
    of it, costs a constant per edge.

    Examples
    --------
    >>> successors, predecessors = {"a": {"b": 1}, "b": {}}, {"a": {}, "b": {"a": 1}}
    >>> would_close_cycle("b", "a", successors, predecessors)
    True
    """
    if source == target:
        return True
    if not successors[target] or not predecessors[source]:
        return False
    forward, backward = [target], [source]
    seen_forward, seen_backward = {target}, {source}
    while forward and backward:
        if _advance(forward, seen_forward, seen_backward, successors):
            return True
        if _advance(backward, seen_backward, seen_forward, predecessors):
            return True
    return False


def _advance(
    frontier: list[str], seen: set[str], seen_by_other: set[str], neighbours: Neighbours
) -> bool:
    """Take one step; whether it met the other search."""
    for neighbour in neighbours[frontier.pop()]:
        if neighbour in seen_by_other:
            return True
        if neighbour not in seen:
            seen.add(neighbour)
            frontier.append(neighbour)
    return False


def nests(outer: object, inner: object) -> bool:
    """Whether ``outer`` is ``inner``, or a DAG that has it as a node at any depth."""
    stack, seen = [outer], set()
    while stack:
        dag = stack.pop()
        if dag is inner:
            return True
        if id(dag) not in seen and hasattr(dag, "get_execution_order") and hasattr(dag, "nodes"):
            seen.add(id(dag))
            stack += [node.agent for node in dag.nodes.values()]
    return False


def path_between(start: str, end: str, successors: Neighbours) -> tuple[str, ...]:
    """Return a shortest path from ``start`` to ``end``, both included; empty if there is none.

    Examples
    --------
    >>> path_between("a", "c", {"a": {"b": 1}, "b": {"c": 1}, "c": {}})
    ('a', 'b', 'c')
    """
    came_from: dict[str, str | None] = {start: None}
    frontier = deque([start])
    while frontier:
        node = frontier.popleft()
        if node == end:
            return tuple(reversed(_trace(node, came_from)))
        for neighbour in successors[node]:
            if neighbour not in came_from:
                came_from[neighbour] = node
                frontier.append(neighbour)
    return ()


def _trace(node: str, came_from: Mapping[str, str | None]) -> list[str]:
    path = [node]
    while (before := came_from[path[-1]]) is not None:
        path.append(before)
    return path
