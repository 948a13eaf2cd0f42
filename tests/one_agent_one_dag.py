"""An agent and a DAG that many kinds of caller ask, always the same two objects."""

import asyncio

from linus_nb.agent.agent import ReasoningAgent
from linus_nb.graph import AgentDAG, DAGExecutor
from linus_nb.testing import ScriptedModel

ALL = ("42", "42", 43)
"""What each caller gets: the agent's answer, the DAG's copy of it, and the sum."""


async def answer():
    await asyncio.sleep(0)
    return 42


agent = ReasoningAgent(ScriptedModel(lambda _: "42"))

dag = AgentDAG("one")
dag.node("answer", answer)
dag.node("more", lambda answer: answer + 1)
dag.node("said", agent, prompt="What is {answer}?")


def ask_blocking():
    """Ask by the blocking names."""
    result = DAGExecutor(dag).execute().raise_for_status()
    return agent.run("?").result, result["said"], result["more"]


async def ask_awaiting():
    """Ask by the async names."""
    result = (await DAGExecutor(dag).aexecute()).raise_for_status()
    return (await agent.arun("?")).result, result["said"], result["more"]
