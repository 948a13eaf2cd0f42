"""Which models a run asks, and whose silence it is when a node waits for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linus_nb.agent.serving.naming import describe

if TYPE_CHECKING:
    from linus_nb.graph import AgentNode
    from linus_nb.graph.result import ExecutionResult


def models_of(result: ExecutionResult) -> list[str]:
    """Return the names of the models that answered or, before, of those that will be asked."""
    structure = result.structure
    asked = (_llm(getattr(node, "agent", None)) for node in structure.nodes)
    known = [describe(llm) for llm in asked if llm is not None]
    return list(dict.fromkeys([*result.models, *known]))


def whose_silence(node: AgentNode | None) -> str:
    """Return what a node waits for while it says nothing; which model may be decided late.

    Examples
    --------
    >>> whose_silence(None)
    'the model'
    """
    llm = _llm(getattr(node, "agent", None))
    if llm is None:
        return "the model"
    if getattr(llm, "embedded", False):
        return "the embedded model"
    return "Ollama" if "Ollama" in type(llm).__name__ else describe(llm)


def _llm(agent: object) -> object | None:
    """Return the chat model of an agent, None while it is not decided."""
    llm = getattr(agent, "llm", None)
    return getattr(llm, "decided", llm)
