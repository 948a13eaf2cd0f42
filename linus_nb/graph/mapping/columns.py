"""Which columns a map adds to its table, and that they do not clash with those it has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING

from linus_nb.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Collection

    from linus_nb.graph.structure import Structure

BOOKKEEPING = ("status", "error", "seconds", "input_tokens", "output_tokens")
"""What a map says of each row, besides its outputs."""


def output_columns(
    structure: Structure, columns: Iterable[str] | Mapping[str, str] | None
) -> dict[str, str]:
    """Return the output keys that a map returns, with the names of their columns.

    Parameters
    ----------
    structure : Structure
        The DAG.
    columns : list of str, or dict of str to str, optional
        The keys; a dict renames them. None: those of the end nodes.

    Raises
    ------
    OptionError
        If no node writes a key, or two columns would have one name.
    """
    if isinstance(columns, str):
        raise OptionError(f"columns={columns!r} is one name", hint=f"columns=[{columns!r}]")
    if columns is None:
        columns = [structure.nodes[node].key for node in structure.ends()]
    named = _named(structure, columns)
    for key in named:
        if key not in structure.writers:
            close = get_close_matches(str(key), structure.writers, n=1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            raise OptionError(
                f"no node of {structure.name!r} writes {key!r}",
                hint=f"{hint}its output keys are {list(structure.writers)[:20]}",
            )
    names = [*named.values(), *BOOKKEEPING]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        key = next(key for key, name in named.items() if name == twice)
        raise OptionError(
            f"two columns of the frame would be named {twice!r}",
            hint=f"columns={{{key!r}: {f'{twice}_of_node'!r}}} renames one",
        )
    return named


def _named(structure: Structure, columns: Iterable[str] | Mapping[str, str]) -> dict[str, str]:
    """Return what was asked for as a dict, if it is names."""
    if not isinstance(columns, Iterable):
        raise OptionError(
            f"columns={columns!r} are no names", hint=f"columns={list(structure.writers)[:20]}"
        )
    columns = columns if isinstance(columns, Mapping) else list(columns)
    asked = [*columns, *(columns.values() if isinstance(columns, Mapping) else ())]
    odd = next((name for name in asked if not isinstance(name, str)), None)
    if odd is not None:
        raise OptionError(f"a column is named by text, not by {odd!r}")
    return dict(zip(columns, asked[-len(columns) :], strict=True)) if columns else {}


def refuse_clashes(named: Mapping[str, str], given: Collection[str]) -> None:
    """Raise OptionError if the table has a column already that the map would add."""
    for key, name in named.items():
        if name in given:
            raise OptionError(
                f"the table has a column {name!r} already, and the DAG writes {key!r}",
                hint=f"columns={{{key!r}: {f'{name}_out'!r}}} names the new one",
            )
    taken = [name for name in BOOKKEEPING if name in given]
    if taken:
        renamed = {name: f"{name}_before" for name in taken}
        raise OptionError(
            f"the table has columns that a map adds: {taken}",
            hint=f"rows.rename(columns={renamed!r})",
        )
