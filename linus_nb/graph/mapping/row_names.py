"""By what a row is found again in a journal."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from linus_nb.errors import OptionError
from linus_nb.graph.durable.encoding import dumps
from linus_nb.graph.mapping.contents import content_digest
from linus_nb.graph.node_result import error_text

if TYPE_CHECKING:
    from collections.abc import Callable


class RowName(NamedTuple):
    """Which row it is, and what is in it: a digest, None if there is no telling."""

    key: str
    content: str | None


class RowNamer:
    """Names rows, in the order of the table.

    Parameters
    ----------
    key : str or callable, optional
        The column whose value names a row, or a function of the row; None: its position does.
    """

    def __init__(self, key: str | Callable[[dict[str, Any]], object] | None) -> None:
        self._key = key
        self._met: Counter[str] = Counter()

    def name(self, position: int, row: dict[str, Any]) -> RowName:
        """Return the name of a row.

        Raises
        ------
        OptionError
            If it has none: no such column, or a value that cannot be written.
        """
        content = content_digest(row)
        if self._key is None:
            return RowName(str(position), content)
        try:
            key = dumps(self._key(dict(row)) if callable(self._key) else row[self._key])
        except BaseException as error:  # also SystemExit: it would end the loop
            raise OptionError(f"key={self._key!r} names no row: {error_text(error)}") from error
        self._met[key] += 1
        again = self._met[key]
        return RowName(key if again == 1 else f"{key} #{again}", content)
