"""A tool's result as a bounded text that a model (and a person) can read."""

from __future__ import annotations

from typing import Final

from linus_nb.rendering import text_of

MAX_CHARACTERS: Final = 4000
MAX_ITEMS: Final = 100  # of a list or a dict
MAX_DEPTH: Final = 6


def tool_result_text(value: object, *, limit: int = MAX_CHARACTERS) -> str:
    """Write a tool's result as text, as :func:`linus_nb.rendering.text_of` does.

    Parameters
    ----------
    value : object
        What the tool returned; of a container at most 100 items are shown.
    limit : int
        The most characters; a longer text is cut and says so.

    Returns
    -------
    str
        The text; ``null`` where the tool returned nothing.

    Examples
    --------
    >>> tool_result_text({"mean": 0.1 + 0.2})
    '{"mean": 0.3}'
    """
    if value is None:
        return "null"
    return text_of(value, limit, max_items=MAX_ITEMS, max_depth=MAX_DEPTH)
