"""Forms, filled in with what a node or an edge is now and with what was typed there in vain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linus_nb.graph import Expression
from linus_nb.widgets.building.editing import CONDITION, edge_of, node_of
from linus_nb.widgets.building.form import OPTIONS, FormField, text_of
from linus_nb.widgets.building.problems import problems_of

if TYPE_CHECKING:
    from linus_nb.widgets.building.history import Moment
    from linus_nb.widgets.building.palette import Palette


def fields_of(moment: Moment, name: str, palette: Palette) -> list[FormField]:
    """Return the form of a node."""
    node = node_of(moment, name)
    told = {p.field: p.sentence for p in problems_of(moment) if (p.node, p.edge) == (name, None)}
    agent, agents = palette.choices_for(node.agent)
    shown = []
    for field, option in OPTIONS.items():
        value, choices = text_of(node, field), option.choices
        if field == "agent":
            value, choices = agent, agents
        typed = moment.typed.get((name, field))
        if typed is not None:
            value, told[field] = typed
        problem = told.get(field, "")
        shown.append(
            FormField(field, option.label, option.kind, value, choices, option.help, problem)
        )
    return shown


def condition_of(moment: Moment, source: str, target: str) -> FormField:
    """Return the field of an edge."""
    condition = edge_of(moment, source, target).condition
    value, about = "", "Where it is true, the edge is live, like: score > 0.8"
    if isinstance(condition, Expression):
        value = condition.text
    elif condition is not None:
        name = getattr(condition, "__name__", "a function")
        about = f"{name} decides; an expression takes its place"
    told = [p.sentence for p in problems_of(moment) if p.edge == (source, target)]
    typed = moment.typed.get((source, target, CONDITION))
    return FormField(
        CONDITION,
        "Condition",
        "text",
        value if typed is None else typed.text,
        help=about,
        problem=told[0] if told else "",
    )
