"""Prompt templates: ``{key}``, ``{{`` and ``}}``, and nothing else.

``str.format`` is not used on purpose: its attributes, indexes and format specs would let
a prompt reach into objects, and keys may hold any character.
"""

from __future__ import annotations

from functools import lru_cache

from linus_nb.errors import PromptError


@lru_cache(maxsize=4096)
def parse(prompt: str) -> tuple[tuple[str, str | None], ...]:
    """Split ``prompt`` into pairs of literal text and the key that follows it.

    Parameters
    ----------
    prompt : str
        The template.

    Returns
    -------
    tuple of (str, str or None)
        The key is None in the last pair if the prompt does not end with a key.

    Raises
    ------
    PromptError
        At a lone brace or an empty ``{}``.

    Examples
    --------
    >>> parse("Compare {a} and {{b}}")
    (('Compare ', 'a'), (' and {b}', None))
    """
    pieces: list[tuple[str, str | None]] = []
    literal: list[str] = []
    position = 0
    while position < len(prompt):
        character = prompt[position]
        if prompt[position : position + 2] in ("{{", "}}"):
            literal.append(character)
            position += 2
        elif character == "{":
            end = prompt.find("}", position)
            key = prompt[position + 1 : end]
            if end < 0 or not key or "{" in key:
                raise _lone_brace(prompt, position)
            pieces.append(("".join(literal), key))
            literal.clear()
            position = end + 1
        elif character == "}":
            raise _lone_brace(prompt, position)
        else:
            end = _next_brace(prompt, position)
            literal.append(prompt[position:end])
            position = end
    if literal:
        pieces.append(("".join(literal), None))
    return tuple(pieces)


def keys_of(prompt: str) -> tuple[str, ...]:
    """Return the keys that ``prompt`` names, each once, in order.

    Examples
    --------
    >>> keys_of("{b} {a} {b}")
    ('b', 'a')
    """
    return tuple(dict.fromkeys(key for _, key in parse(prompt) if key is not None))


def _next_brace(prompt: str, start: int) -> int:
    found = [at for at in (prompt.find("{", start), prompt.find("}", start)) if at >= 0]
    return min(found, default=len(prompt))


def _lone_brace(prompt: str, position: int) -> PromptError:
    near = prompt[max(0, position - 20) : position + 20]
    return PromptError(
        f"the prompt has a brace that names no key, at character {position}: {near!r}",
        hint="write {key} for a value, {{ or }} for a brace",
    )
