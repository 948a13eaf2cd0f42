"""What the contestants share: the questions, and the same tools over the same tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from linus_nb.agent.tools import get_date_tools, get_default_tools

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

HERE = Path(__file__).resolve().parent
INSTRUCTIONS = "You are a careful assistant. Use the tools; answer in one short sentence."


class Question(NamedTuple):
    """A question with its right answer: a number, an ISO date, or a text."""

    kind: str
    question: str
    answer: float | str


class Material(NamedTuple):
    """A set of questions and the tables that some of them are about."""

    tables: dict[str, pd.DataFrame]
    questions: list[Question]

    def tools(self) -> list[BaseTool]:
        """Return the tools that every contestant gets, for every question."""
        return [*get_default_tools(tables=self.tables), *get_date_tools()]


def load(name: str) -> Material:
    """Return the set ``name``: "questions" or "held_out"."""
    held = json.loads((HERE / f"{name}.json").read_text())
    tables = {table: pd.DataFrame(columns) for table, columns in held["tables"].items()}
    return Material(tables, [Question(**entry) for entry in held["questions"]])
