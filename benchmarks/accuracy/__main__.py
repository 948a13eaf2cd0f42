"""``python -m accuracy`` in ``benchmarks/``: asks all contestants and writes docs/accuracy.md."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from accuracy.judge import is_right
from accuracy.material import HERE, Question, load
from linus_nb.agent.embedded import embedded_server

REPOSITORY = HERE.parents[1]
VENVS = Path(os.environ.get("PEERBENCH_VENVS", HERE.parent / ".venvs"))
PAGE = REPOSITORY / "docs" / "accuracy.md"
REQUIREMENTS = ("langgraph==1.2.24", "langchain-ollama", "pandas")
SETS = {"questions": "the 30 that were there while rules were written", "held_out": "30 others"}
TITLES = {
    "ours": "linus_nb",
    "langgraph": "LangGraph's ReAct agent",
    "bare": "the model alone, held to a schema",
}
KINDS = ("sum", "date", "text", "look-up")
WANTED = 24


class Said(NamedTuple):
    """One answer, judged."""

    question: Question
    answer: str
    llm_calls: int | None
    seconds: float
    right: bool


def main() -> int:
    """Ask everybody everything; 0 if ours are enough and more than anybody's."""
    parser = argparse.ArgumentParser(prog="accuracy", description=__doc__)
    parser.add_argument("--contestants", default=",".join(TITLES))
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--show", action="store_true", help="print each answer that is not right")
    options = parser.parse_args()
    names, sets = options.contestants.split(","), options.sets.split(",")
    server = embedded_server()
    said = {
        (each, name): answers_of(name, server.url, server.model_name, each)
        for each in sets
        for name in names
    }
    if options.show:
        print("\n".join(map(line_of, [s for a in said.values() for s in a if not s.right])))
    tables = [table_of(each, {name: said[each, name] for name in names}) for each in sets]
    print("\n\n".join(tables))
    if (names, sets) == (list(TITLES), list(SETS)):
        PAGE.write_text(page(server.model_name, tables))
    return 0 if all(holds({n: said[each, n] for n in names}) for each in sets[:1]) else 1


def answers_of(name: str, url: str, model: str, questions: str) -> list[Said]:
    """Return a contestant's answers to a set; it runs in a process of its own."""
    python = langgraph_python() if name == "langgraph" else sys.executable
    paths = os.pathsep.join([str(REPOSITORY), str(HERE.parent)])
    command = [python, "-m", "accuracy.contestants", name, url, model, questions]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": paths}, check=True,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    material = load(questions)
    records = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return [
        Said(question, **record, right=right(record["answer"], question, material.tables))
        for question, record in zip(material.questions, records, strict=True)
    ]


def right(answer: str, question: Question, tables: dict) -> bool:  # type: ignore[type-arg]
    """Return whether the answer is the question's."""
    return is_right(answer, question.answer, question.question, tables)


def langgraph_python() -> str:
    """Return the interpreter of LangGraph's environment, made or completed where it lacks."""
    home = VENVS / "langgraph"
    python = home / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
    needs = "import langchain_ollama, langgraph, pandas"
    if subprocess.run(
        [str(python), "-c", needs], stderr=subprocess.DEVNULL, check=False
    ).returncode:
        subprocess.run([str(python), "-m", "pip", "-q", "install", *REQUIREMENTS], check=True)
    return str(python)


def holds(said: dict[str, list[Said]]) -> bool:
    """Return whether ours are enough right answers, and more than each other's."""
    score = {name: sum(answer.right for answer in answers) for name, answers in said.items()}
    ours = score.pop("ours", 0)
    return ours >= WANTED and all(ours > other for other in score.values())


def table_of(questions: str, said: dict[str, list[Said]]) -> str:
    """Return a set's scores as a table."""
    head = "| right of 30 | all | " + " | ".join(KINDS) + " | by rules alone | seconds each |"
    lines = [f"## {questions}: {SETS[questions]}", "", head, "| --- " * 8 + "|"]
    for name, answers in said.items():
        by_kind = [sum(a.right for a in answers if a.question.kind == kind) for kind in KINDS]
        ruled = [answer for answer in answers if answer.llm_calls == 0]
        rules = f"{sum(answer.right for answer in ruled)} of {len(ruled)}" if ruled else "-"
        seconds = sum(answer.seconds for answer in answers) / len(answers)
        cells = [sum(a.right for a in answers), *by_kind, rules, f"{seconds:.1f}"]
        lines.append(f"| {TITLES[name]} | " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def line_of(said: Said) -> str:
    """Return a wrong answer on one line."""
    return f"{said.question.question!r}: {said.answer!r}, not {said.question.answer!r}"


def page(model: str, tables: list[str]) -> str:
    """Return the documentation page."""
    return (
        "# Right answers of a small model\n\n"
        f"Written by `make bench`. One server with {model} (135 million parameters, 98 MB) answers "
        "everybody. All get the same eight tools (calculator, clock, text statistics, three over "
        "two tables, two for dates) and all questions; the model alone gets the tables in its "
        "prompt. Temperature 0, at most 128 tokens a reply.\n\n"
        "An answer is right if it says the right value and no rival of it: "
        "`benchmarks/accuracy/judge.py`. *By rules alone* are the answers for which "
        "our loop did not ask the model at all: plain rules chose the tool and found its arguments "
        "in the question. Both sets were written, by the same hand, before any rule was changed; "
        "the rules were then worked on with the answers to the first one in sight, and not those "
        "to the second, whose questions their author knew all the same. "
        "Questions of other kinds, or in other words, will do worse.\n\n"
        + "\n\n".join(tables)
        + "\n"
    )


if __name__ == "__main__":
    raise SystemExit(main())
