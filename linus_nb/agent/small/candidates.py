"""What a tool's arguments can be, given the question; pure rules for small models.

A small model copies badly but chooses well. So an argument that stands in the question is
taken from there; where there are several, the model gets them as a closed set.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from linus_nb.agent.small import spans
from linus_nb.agent.small.mentions import mentioned
from linus_nb.agent.small.verbal_arithmetic import combinations, expressions
from linus_nb.agent.small.words import stems

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from linus_nb.agent.json_values import JsonValue
    from linus_nb.agent.schemas import JsonSchema
    from linus_nb.agent.tool_calls import Arguments

Property: TypeAlias = "Mapping[str, object]"

_ARITHMETIC = stems("expression arithmetic calculation formula")
_MOST_CHOICES = 60

# How strongly a question speaks for a tool by what it says about one of its parameters.
_STATED = 1.0
_DERIVED = 0.7
_COMMONPLACE = 0.3  # a number or name says little about which of many tools is meant
_UNSAID = -0.5


@dataclass(frozen=True, slots=True)
class Candidates:
    """What the arguments of a tool can be.

    Parameters
    ----------
    decided : dict
        The arguments that the question leaves no choice about.
    schema : dict
        The JSON schema of the others, narrowed to what stands in the question.
    fit : float or None
        How much the question says about the tool's parameters: about 1 for each that it
        states. None: the tool needs something of which the question says nothing.
    """

    decided: Arguments
    schema: JsonSchema
    fit: float | None

    @property
    def bound(self) -> Arguments | None:
        """All arguments, if none is left open."""
        return None if self.schema.get("properties") else self.decided


@dataclass(frozen=True, slots=True)
class _Found:
    """What a question has for one parameter; ``values`` None: anything may be given."""

    values: list[JsonValue] | None
    strength: float | None


def candidates_for(schema: JsonSchema, question: str) -> Candidates:
    """Return what arguments of ``schema`` can be for ``question``.

    Parameters
    ----------
    schema : dict
        The JSON schema of a tool's arguments.
    question : str
        What the tool is to be called for.

    Examples
    --------
    >>> word = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    >>> candidates_for(word, "How many letters has 'banana'?").bound
    {'text': 'banana'}
    >>> choice = candidates_for(word, "Is 'pear' longer than 'fig'?")
    >>> choice.bound, choice.schema["properties"]["text"]["enum"]
    (None, ['pear', 'fig'])
    """
    definitions = _mapping(schema, "$defs")
    parts = {k: _resolved(v, definitions) for k, v in _mapping(schema, "properties").items()}
    listed = schema.get("required")
    required = listed if isinstance(listed, list) else []
    found = {key: _find(key, parts[key], question) for key in parts if key in required}
    found = _dealt_out(found, parts)
    fit = _sum(each.strength for each in found.values())
    found |= _said_though_optional(parts, found, question)
    decided = {k: f.values[0] for k, f in found.items() if f.values and len(f.values) == 1}
    left = {k: _narrowed(parts[k], f.values) for k, f in found.items() if k not in decided}
    narrowed: JsonSchema = {"title": "Arguments", "type": "object", "properties": left}
    return Candidates(decided, {**narrowed, "required": list(left)}, fit)


def closed_sets(schema: JsonSchema) -> dict[str, list[JsonValue]]:
    """Return the allowed values of each parameter that has a closed set of them.

    Examples
    --------
    >>> closed_sets({"properties": {"unit": {"enum": ["km", "m"]}, "x": {"type": "number"}}})
    {'unit': ['km', 'm']}
    """
    definitions = _mapping(schema, "$defs")
    parts = {k: _resolved(v, definitions) for k, v in _mapping(schema, "properties").items()}
    closed = {key: _enumerated(part) for key, part in parts.items()}
    return {key: values for key, values in closed.items() if values is not None}


def _find(key: str, part: Property, question: str) -> _Found:
    """Return what the question has for a parameter."""
    if (values := _enumerated(part)) is not None:
        named = mentioned(question, values)
        return _Found(named or values, _STATED if named else _UNSAID)
    if (kind := part.get("type")) in ("integer", "number"):
        if counted := _counted(key, part, question):
            return _stated(counted)
        whole = kind == "integer"
        return _stated(_as_numbers(spans.numbers(question), whole=whole), _COMMONPLACE)
    return _find_string(key, part, question) if kind == "string" else _Found(None, _UNSAID)


def _find_string(key: str, part: Property, question: str) -> _Found:
    if part.get("format") in ("date", "date-time"):
        return _stated(spans.dates(question))
    if _ARITHMETIC & stems(f"{key} {part.get('description', '')}"):
        return _find_arithmetic(question)
    return _find_text(question)


def _find_arithmetic(question: str) -> _Found:
    if stated := expressions(question):
        return _stated(stated)
    derived = combinations(question)
    return _Found([*derived] or None, _DERIVED if derived else None)


def _counted(key: str, part: Property, question: str) -> list[JsonValue]:
    """Return the number of which the question says the parameter's name, as in "90 days"."""
    counted = spans.counted(question, key.replace("_", " "))
    return _as_numbers([counted] if counted else [], whole=part.get("type") == "integer")


def _find_text(question: str) -> _Found:
    if literal := spans.literals(question):
        return _stated(literal)
    if named := spans.names(question):
        return _stated(named, _COMMONPLACE)
    return _Found([*spans.words(question)[:_MOST_CHOICES]] or None, _UNSAID)


def _stated(values: Sequence[JsonValue], strength: float = _STATED) -> _Found:
    return _Found([*values] or None, strength if values else None)


def _said_though_optional(
    parts: Mapping[str, Property], found: Mapping[str, _Found], question: str
) -> dict[str, _Found]:
    """Return what the question has for parameters that need not be given.

    A value that a required parameter has taken is not said of an optional one as well.
    """
    taken = [value for each in found.values() for value in each.values or ()]
    said = {}
    for key in parts.keys() - found.keys():
        named = mentioned(question, _enumerated(parts[key]) or [])
        is_number = parts[key].get("type") in ("integer", "number")
        named += _counted(key, parts[key], question) if is_number else []
        if free := [value for value in named if value not in taken]:
            said[key] = _Found(free, _STATED)
    return said | _second_text(parts, found, question)


def _second_text(
    parts: Mapping[str, Property], found: Mapping[str, _Found], question: str
) -> dict[str, _Found]:
    """Return who gets the second of two literal texts, which has to belong to something.

    The longer text is what the tool works on, so it goes to the required parameter; the
    shorter one is what is done with it.
    """
    texts = sorted(spans.literals(question), key=len, reverse=True)
    free = [key for key in parts if _is_free_text(parts[key])]
    required = [key for key in free if key in found]
    optional = [key for key in free if key not in found]
    if not (len(texts) == 2 and len(required) == len(optional) == 1):  # noqa: PLR2004
        return {}
    longer, shorter = texts
    return {
        required[0]: _Found([longer], _STATED),
        optional[0]: _Found([shorter], _STATED),
    }


def _dealt_out(found: dict[str, _Found], parts: Mapping[str, Property]) -> dict[str, _Found]:
    """Give the values that several parameters may have to these, in the question's order.

    Of a closed set, what the question does not name is left for the parameters that are
    left. Numbers and dates have to be stated, one for each parameter.
    """
    dealt = dict(found)
    for each in found.values():
        keys = [k for k in found if found[k] == each and not _is_free_text(parts[k])]
        values = each.values or []
        unsaid = each.strength is None or each.strength < 0
        if unsaid or len(keys) == 1 or len(values) > len(keys):
            continue
        others = [v for v in _enumerated(parts[keys[0]]) or [] if v not in values]
        rest = _Found(others, _UNSAID) if others else _Found(values, None)
        for position, key in enumerate(keys):
            stated = position < len(values)
            dealt[key] = _Found([values[position]], each.strength) if stated else rest
    return dealt


def _sum(strengths: Iterable[float | None]) -> float | None:
    total = 0.0
    for strength in strengths:
        if strength is None:
            return None
        total += strength
    return total


def _is_free_text(part: Property) -> bool:
    """Whether any text may be given; order does not tell which of two such texts is which."""
    return part.get("type") == "string" and "format" not in part and _enumerated(part) is None


def _narrowed(part: Property, found: list[JsonValue] | None) -> dict[str, object]:
    if found is None:
        return dict(part)
    return {key: part[key] for key in ("type", "description") if key in part} | {"enum": found}


def _resolved(value: object, definitions: Mapping[str, object]) -> Property:
    """Follow a reference, and take the one kind of an optional parameter."""
    if not isinstance(value, dict):
        return {}
    if isinstance(reference := value.get("$ref"), str):
        return {**value, **_resolved(definitions.get(reference.rpartition("/")[2]), definitions)}
    if isinstance(kinds := value.get("anyOf"), list):
        parts = [_resolved(kind, definitions) for kind in kinds]
        parts = [part for part in parts if part.get("type") != "null"]
        closed = [values for part in parts if (values := _enumerated(part)) is not None]
        if closed and len(closed) == len(parts):
            return {**value, "enum": [choice for values in closed for choice in values]}
        return {**value, **parts[0]} if parts else value
    return value


def _enumerated(part: Property) -> list[JsonValue] | None:
    values = part.get("enum", [part["const"]] if "const" in part else None)
    return list(values) if isinstance(values, list) else None


def _as_numbers(found: Sequence[str], *, whole: bool) -> list[JsonValue]:
    values = [float(number) for number in found]
    return [int(v) if v.is_integer() else v for v in values if v.is_integer() or not whole]


def _mapping(schema: JsonSchema, key: str) -> Mapping[str, object]:
    value = schema.get(key)
    return value if isinstance(value, dict) else {}
