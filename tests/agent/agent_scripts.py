"""Replies, tools and plans that the tests of the agent share."""

from linus_nb.testing import ScriptedModel, Step


def multiply(a: int, b: int) -> int:
    """Multiply two whole numbers."""
    return a * b


def explode(a: int) -> int:
    """Raise."""
    raise ZeroDivisionError(f"a is {a}")


def plan(*tools, needs_earlier=False):
    return {
        "tasks": [
            {"task": f"step {number}", "tool": tool, "needs_earlier": needs_earlier}
            for number, tool in enumerate(tools, 1)
        ]
    }


ARGUMENTS = {"a": 42, "b": 17}
COMPLETE = {"is_complete": True, "reason": "all there", "missing": []}
INCOMPLETE = {"is_complete": False, "reason": "not yet", "missing": ["the product"]}
A_ROUND = [plan("multiply"), ARGUMENTS]
CUT = Step(text="The answer is", done_reason="length")


class SmallModel(ScriptedModel):
    small: bool = True


def phases(response):
    return [(record.phase, record.by) for record in response.execution_history]
