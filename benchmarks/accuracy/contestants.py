"""One contestant answers a set of questions: ``python -m accuracy.contestants NAME URL MODEL SET``.

Prints one JSON object a question. Each contestant runs in the virtual environment that it
needs; the model's server is another process, the same for all.
"""

from __future__ import annotations

import asyncio
import json
import sys
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from accuracy.material import INSTRUCTIONS, Material, load

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Ask = Callable[[str], Awaitable["Answer"]]

LONGEST_ANSWER = 128  # tokens
SECONDS = 60.0  # for one question


class Answer(NamedTuple):
    """What was said, and how many replies of the model it took."""

    text: str
    llm_calls: int


def ours(url: str, model: str, material: Material) -> Ask:
    """Return how our loop is asked."""
    from linus_nb.agent.agent import create_gemma_agent  # noqa: PLC0415  # one library a process

    agent = create_gemma_agent(
        model=model, api_base=url, small=True, temperature=0.0, max_tokens=LONGEST_ANSWER,
        tools=material.tools(), instructions=INSTRUCTIONS,
    )  # fmt: skip

    async def ask(question: str) -> Answer:
        response = await agent.arun(question)
        return Answer(str(response.result), response.metrics.llm_calls)

    return ask


def langgraph(url: str, model: str, material: Material) -> Ask:
    """Return how LangGraph's prebuilt ReAct agent is asked."""
    from langchain_core.messages import AIMessage  # noqa: PLC0415
    from langchain_ollama import ChatOllama  # noqa: PLC0415
    from langgraph.prebuilt import create_react_agent  # noqa: PLC0415

    chat = ChatOllama(model=model, base_url=url, temperature=0.0, num_predict=LONGEST_ANSWER)
    agent = create_react_agent(chat, material.tools(), prompt=INSTRUCTIONS)

    async def ask(question: str) -> Answer:
        asked = {"messages": [("user", question)]}
        state = await agent.ainvoke(asked, {"recursion_limit": 12})
        calls = sum(isinstance(message, AIMessage) for message in state["messages"])
        return Answer(str(state["messages"][-1].content), calls)

    return ask


def bare(url: str, model: str, material: Material) -> Ask:
    """Return how the model is asked alone, held to a schema, with the tables in its prompt."""
    from langchain_ollama import ChatOllama  # noqa: PLC0415

    schema = {
        "title": "Answer",
        "type": "object",
        "properties": {"answer": {"type": "string"}},
        "required": ["answer"],
    }
    chat = ChatOllama(model=model, base_url=url, temperature=0.0, num_predict=LONGEST_ANSWER)
    chain = chat.with_structured_output(schema, method="json_schema")
    shown = "\n".join(f"{name}:\n{frame.to_csv()}" for name, frame in material.tables.items())

    async def ask(question: str) -> Answer:
        said = await chain.ainvoke(
            [("system", f"Answer the question.\n{shown}"), ("user", question)]
        )
        return Answer(str(said["answer"]), 1)

    return ask


CONTESTANTS = {"ours": ours, "langgraph": langgraph, "bare": bare}


async def answer_all(name: str, url: str, model: str, questions: str) -> None:
    """Ask every question and print what came; an error is an answer that is not right."""
    material = load(questions)
    ask = CONTESTANTS[name](url, model, material)
    for question in material.questions:
        started = perf_counter()
        try:
            async with asyncio.timeout(SECONDS):
                said, calls = await ask(question.question)
        except Exception as error:  # noqa: BLE001  # whatever a library raises, it is no answer
            said, calls = f"{type(error).__name__}: {error}"[:300], None
        record = {"answer": said, "llm_calls": calls, "seconds": perf_counter() - started}
        print(json.dumps(record), flush=True)


if __name__ == "__main__":
    asyncio.run(answer_all(*sys.argv[1:5]))
