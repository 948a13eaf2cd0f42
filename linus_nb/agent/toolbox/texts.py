"""Tools over texts: counting in any text, searching in the ones that were given."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, NamedTuple

from langchain_core.tools import BaseTool, StructuredTool
from pydantic import Field, create_model

from linus_nb.errors import OptionError

_WORD = re.compile(r"\w+(?:['’\-]\w+)*")  # noqa: RUF001 - the typographic apostrophe is meant
_SENTENCE_END = re.compile(r"[.!?…]+(?=\s|$)")
_PARAGRAPH_END = re.compile(r"\n\s*\n")
PASSAGE_CHARACTERS: Final = 600
PASSAGES: Final = 3  # that a search returns
SATURATION: Final = 1.2  # k1 of BM25: how soon repeating a word stops to count
LENGTH_WEIGHT: Final = 0.75  # b of BM25: how much a long passage is held back


class Passage(NamedTuple):
    """A piece of a text, short enough for a prompt."""

    source: str
    text: str
    words: Counter[str]


def count_text(
    text: Annotated[str, Field(description="The text to count in, exactly as given.")],
    find: Annotated[
        str, Field(description="A letter, word or phrase whose occurrences are counted.")
    ] = "",
) -> dict[str, int]:
    """Count characters, letters, words, sentences and lines of a text, or one thing in it.

    Parameters
    ----------
    text : str
        The text.
    find : str, optional
        A letter, word or phrase; then only its occurrences are counted, whatever their case.

    Returns
    -------
    dict
        The counts by name.

    Examples
    --------
    >>> counts = count_text("To be, or not to be.")
    >>> counts["words"], counts["unique_words"], counts["sentences"]
    (6, 4, 1)
    >>> count_text("To be, or not to be.", find="be")
    {'occurrences': 2}
    """
    if find:
        return {"occurrences": _occurrences(text, find)}
    words = _words(text)
    tail = _SENTENCE_END.split(text)[-1]
    return {
        "characters": len(text),
        "characters_without_spaces": sum(not character.isspace() for character in text),
        "letters": sum(character.isalpha() for character in text),
        "words": len(words),
        "unique_words": len(set(words)),
        "sentences": len(_SENTENCE_END.findall(text)) + bool(_WORD.search(tail)),
        "lines": len(text.splitlines()),
    }


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]


def _occurrences(text: str, find: str) -> int:
    """Count ``find``: a single letter anywhere, a word or phrase only as whole words."""
    pattern = re.escape(find.casefold())
    if len(find) > 1:
        start = r"\b" if re.match(r"\w", find) else ""
        end = r"\b" if re.match(r"\w", find[-1]) else ""
        pattern = f"{start}{pattern}{end}"
    return len(re.findall(pattern, text.casefold()))


def text_statistics_tool() -> BaseTool:
    """Make the tool that counts in any text."""
    return StructuredTool.from_function(
        count_text,
        name="text_statistics",
        description="Count characters, letters, words, sentences and lines of a text, "
        "and how often a letter, word or phrase occurs in it.",
    )


def text_tools(texts: Mapping[str, str] | Sequence[str]) -> list[BaseTool]:
    """Make the tools over the given texts: a search, and the counts of each of them.

    Parameters
    ----------
    texts : mapping or sequence of str
        The texts by name; a sequence gets the names "text 1", "text 2" and so on.
    """
    named = _named(texts)
    if not named:
        return []
    passages = [passage for name, text in named.items() for passage in _passages(name, text)]
    name_type: Any = Literal[tuple(named)]

    def search_texts(query: str) -> list[dict[str, str]]:
        return search_passages(passages, query)

    def count_named_text(name: str, find: str = "") -> dict[str, int]:
        return count_text(named[name], find)

    return [
        StructuredTool.from_function(
            search_texts,
            name="search_texts",
            description=f"Find passages about something in: {', '.join(named)[:300]}.",
            args_schema=create_model(
                "SearchTexts", query=(str, Field(description="The words to look for."))
            ),
        ),
        StructuredTool.from_function(
            count_named_text,
            name="named_text_statistics",
            description="Count characters, words, sentences and lines of one of the given texts, "
            "and how often a letter, word or phrase occurs in it.",
            args_schema=create_model(
                "NamedTextStatistics",
                name=(name_type, Field(description="Which text.")),
                find=(str, Field("", description="A letter, word or phrase to count.")),
            ),
        ),
    ]


def _named(texts: Mapping[str, str] | Sequence[str]) -> dict[str, str]:
    if isinstance(texts, str):
        texts = [texts]
    if not isinstance(texts, Mapping):
        texts = {f"text {number}": text for number, text in enumerate(texts, start=1)}
    for name, text in texts.items():
        if not isinstance(name, str) or not isinstance(text, str):
            raise OptionError(
                f"texts has {name!r} as a {type(text).__name__}, not a str",
                hint='get_default_tools(texts={"readme": Path("README.md").read_text()})',
            )
    return dict(texts)


def _passages(name: str, text: str) -> list[Passage]:
    pieces = []
    for paragraph in _PARAGRAPH_END.split(text):
        lines = paragraph.strip()
        pieces += [
            lines[start : start + PASSAGE_CHARACTERS]
            for start in range(0, len(lines), PASSAGE_CHARACTERS)
        ]
    return [Passage(name, piece, Counter(_words(piece))) for piece in pieces]


def search_passages(passages: Sequence[Passage], query: str) -> list[dict[str, str]]:
    """Rank passages by the words they share with ``query`` (Okapi BM25), best first.

    Parameters
    ----------
    passages : sequence of Passage
        Where to search.
    query : str
        Words, whatever their case.

    Returns
    -------
    list of dict
        At most three, each with ``source`` and ``text``; passages without any of the words
        are never among them.
    """
    mean_length = sum(passage.words.total() for passage in passages) / max(1, len(passages))
    rarity = {
        word: _rarity(len(passages), sum(word in passage.words for passage in passages))
        for word in set(_words(query))
    }

    def score(passage: Passage) -> float:
        length = 1 - LENGTH_WEIGHT + LENGTH_WEIGHT * passage.words.total() / max(1, mean_length)
        return sum(
            weight * count * (SATURATION + 1) / (count + SATURATION * length)
            for word, weight in rarity.items()
            if (count := passage.words[word])
        )

    scored = [(score(passage), passage) for passage in passages]
    found = sorted((pair for pair in scored if pair[0] > 0), key=lambda pair: -pair[0])
    return [{"source": passage.source, "text": passage.text} for _, passage in found[:PASSAGES]]


def _rarity(passages: int, holding_it: int) -> float:
    """Inverse document frequency as BM25 has it; the 1 keeps common words above zero."""
    return math.log(1 + (passages - holding_it + 0.5) / (holding_it + 0.5))
