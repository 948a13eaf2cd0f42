"""The lines between two rows of a text drawing."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from linus_nb.drawing.picture import PictureEdge

Pair = tuple[str, str]

# By whether the line goes on (up, down, left, right).
CROSSINGS = {
    (True, True, False, False): "│",
    (True, True, True, False): "┤",
    (True, True, False, True): "├",
    (True, True, True, True): "┼",
    (True, False, True, False): "┘",
    (True, False, False, True): "└",
    (True, False, True, True): "┴",
    (False, True, True, False): "┐",
    (False, True, False, True): "┌",
    (False, True, True, True): "┬",
    (False, False, True, True): "─",
}


@dataclass(frozen=True, slots=True)
class Links:
    """Lines as {column: character}: in the upper boxes' lower edge, the bus, the arrowheads."""

    drawn: frozenset[Pair]
    ports: dict[int, str]
    bus: dict[int, str]
    heads: dict[int, str]


def link_levels(
    sources: Mapping[str, int], targets: Mapping[str, int], edges: Iterable[PictureEdge]
) -> Links:
    """Draw what one bus says exactly: groups where every source leads to every target.

    Parameters
    ----------
    sources, targets : mapping of str to int
        The middle column of each box above and below.
    edges : iterable of PictureEdge
        All edges; those with a condition or a label are left for the list.
    """
    links = Links(frozenset(), {}, {}, {})
    drawn: set[Pair] = set()
    for above, below in _whole_groups(sources, targets, edges):
        tops, ends = [sources[name] for name in above], [targets[name] for name in below]
        if len(tops) == len(ends) == 1 and abs(tops[0] - ends[0]) == 1:
            tops = ends  # centres of an odd and an even width; a kink would only disturb
        first, last = min(tops + ends), max(tops + ends)
        columns = range(first, last + 1)
        if any(column in links.bus for column in (first - 1, *columns, last + 1)):
            continue
        for column in columns:
            reach = (column in tops, column in ends, column > first, column < last)
            links.bus[column] = CROSSINGS[reach]
        links.ports.update(dict.fromkeys(tops, "┬"))
        links.heads.update(dict.fromkeys(ends, "▼"))
        drawn.update((source, target) for source in above for target in below)
    return Links(frozenset(drawn), links.ports, links.bus, links.heads)


def _whole_groups(
    sources: Mapping[str, int], targets: Mapping[str, int], edges: Iterable[PictureEdge]
) -> list[tuple[Sequence[str], Sequence[str]]]:
    """Return the groups of sources and targets in which each leads to each, and to no other."""
    below: defaultdict[str, set[str]] = defaultdict(set)
    above: defaultdict[str, set[str]] = defaultdict(set)
    for edge in edges:
        plain = not edge.label and not edge.conditional and edge.live is not False
        if plain and edge.source in sources and edge.target in targets:
            below[edge.source].add(edge.target)
            above[edge.target].add(edge.source)
    alike: defaultdict[frozenset[str], list[str]] = defaultdict(list)
    for source, reached in below.items():
        alike[frozenset(reached)].append(source)
    return [
        (group, sorted(reached, key=targets.__getitem__))
        for reached, group in alike.items()
        if all(above[target] == set(group) for target in reached)
    ]
