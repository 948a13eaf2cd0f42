"""linus_nb: DAGs of LLM agents, at home in Jupyter.

Make agents (``agent``), put them and plain functions into a DAG and run it in a cell
(``graph``), see it drawn (``drawing``), and see where the time went (``timings``).
Every name below loads when it is first used; importing the package does nothing else.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linus_nb.agent.agent import ReasoningAgent, create_gemma_agent
    from linus_nb.agent.metrics import AgentMetrics
    from linus_nb.agent.models import create_chat_model
    from linus_nb.agent.response import AgentResponse
    from linus_nb.agent.serving.fetch import fetch
    from linus_nb.agent.tools import create_custom_tool, get_default_tools
    from linus_nb.blocking import allow_nested_loops
    from linus_nb.errors import AgentError, GraphError, LinusError
    from linus_nb.graph import (
        AgentDAG,
        AgentNode,
        DAGExecutor,
        ExecutionResult,
        NodeResult,
        SharedState,
        options,
    )
    from linus_nb.graph.durable.runs_frame import runs
    from linus_nb.widgets import DagBuilder, watch

__version__ = "0.1.0"

_HOMES = {
    "linus_nb.agent.agent": ("ReasoningAgent", "create_gemma_agent"),
    "linus_nb.agent.serving.fetch": ("fetch",),
    "linus_nb.agent.metrics": ("AgentMetrics",),
    "linus_nb.agent.models": ("create_chat_model",),
    "linus_nb.agent.response": ("AgentResponse",),
    "linus_nb.agent.tools": ("create_custom_tool", "get_default_tools"),
    "linus_nb.blocking": ("allow_nested_loops",),
    "linus_nb.errors": ("AgentError", "GraphError", "LinusError"),
    "linus_nb.graph": (
        "AgentDAG",
        "AgentNode",
        "DAGExecutor",
        "ExecutionResult",
        "NodeResult",
        "SharedState",
        "options",
    ),
    "linus_nb.widgets": ("DagBuilder", "watch"),
    "linus_nb.graph.durable.runs_frame": ("runs",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "AgentDAG",
    "AgentError",
    "AgentMetrics",
    "AgentNode",
    "AgentResponse",
    "DAGExecutor",
    "DagBuilder",
    "ExecutionResult",
    "GraphError",
    "LinusError",
    "NodeResult",
    "ReasoningAgent",
    "SharedState",
    "allow_nested_loops",
    "create_chat_model",
    "create_custom_tool",
    "create_gemma_agent",
    "fetch",
    "get_default_tools",
    "options",
    "runs",
    "watch",
]


def __getattr__(name: str) -> object:
    """Load a public name, or a submodule, when it is first used."""
    if name in _HOME_OF:
        value: object = getattr(import_module(_HOME_OF[name]), name)
    elif name in ("drawing", "events", "testing", "timings", "widgets"):
        value = import_module(f"linus_nb.{name}")
    else:
        raise AttributeError(f"module 'linus_nb' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__", "drawing", "events", "testing", "timings", "widgets"])
