"""Which of some known values a question names; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linus_nb.agent.small.words import stems

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linus_nb.agent.json_values import JsonValue

_LONGEST_UNIT = 2  # letters, as in "km"; a unit does not tell a column


def mentioned(question: str, values: Sequence[JsonValue]) -> list[JsonValue]:
    """Return which of ``values`` the question names, in its order; part of another is none.

    Examples
    --------
    >>> mentioned("Is the unit price above the cost?", ["price", "cost", "unit_price", "age"])
    ['unit_price', 'cost']
    >>> mentioned("Compare Apple's with IBM's.", ["IBM", "Apple"])
    ['Apple', 'IBM']
    """
    asked = stems(question)
    parts = {str(value): stems(str(value)) for value in values}
    named = [v for v in values if parts[str(v)] and parts[str(v)] <= asked]
    whole = [v for v in named if not any(parts[str(v)] < parts[str(other)] for other in named)]
    covered = frozenset[str]().union(*(parts[str(value)] for value in whole))
    # "area" may be short for "area_km2", unless it is the name of another value.
    said = {word for word in asked - covered if len(word) > _LONGEST_UNIT}
    shortened = [value for value in values if value not in named and parts[str(value)] & said]
    positions = _positions(question)
    return sorted(
        [*whole, *shortened],
        key=lambda value: min(
            (positions[part] for part in parts[str(value)] if part in positions),
            default=len(positions),
        ),
    )


def _positions(question: str) -> dict[str, int]:
    """Return where in the question each stem stands first, counted in words."""
    words = question.split()
    return {part: at for at in reversed(range(len(words))) for part in stems(words[at])}


def same_although_two_are_named(
    question: str, arguments: dict[str, JsonValue], choices: dict[str, list[JsonValue]]
) -> tuple[str, str] | None:
    """Return two parameters that got one value though the question names several for them.

    Parameters
    ----------
    question : str
        What the tool is called for.
    arguments : dict
        What is to be given.
    choices : dict
        The allowed values of each parameter that has a closed set of them.

    Examples
    --------
    >>> both = {"first": ["IBM", "Apple"], "second": ["IBM", "Apple"]}
    >>> said = {"first": "IBM", "second": "IBM"}
    >>> same_although_two_are_named("Is Apple ahead of IBM?", said, both)
    ('first', 'second')
    >>> same_although_two_are_named("How is IBM doing?", said, both)
    """
    keys = [key for key in arguments if key in choices]
    for position, one in enumerate(keys):
        for other in keys[position + 1 :]:
            alike = arguments[one] == arguments[other] and choices[one] == choices[other]
            if alike and len(mentioned(question, choices[one])) > 1:
                return one, other
    return None
