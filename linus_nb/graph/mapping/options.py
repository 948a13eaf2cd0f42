"""What a map may be told, in one place for ``amap`` and ``map``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

if TYPE_CHECKING:
    import os

Columns: TypeAlias = Iterable[str] | Mapping[str, str] | None
"""The output keys that a map returns; a dict renames them, None: those of the end nodes."""

Key: TypeAlias = str | Callable[[dict[str, Any]], object] | None
"""The column that names a row in the journal, or a function of the row; None: its position."""


class MapOptions(TypedDict, total=False):
    """The options of ``DAGExecutor.amap``; see there."""

    key: Key
    max_concurrency: int | None
    limits: Mapping[str, int] | None
    journal: str | os.PathLike[str] | None
    retry_failed: bool
    progress: bool
    schedule: str | None
