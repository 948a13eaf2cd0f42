"""Graphs of agents and functions: what they are and how they run.

A DAG (``dag.py``) of nodes and edges (``node.py``) is frozen into integers
(``structure.py``) for a run. A passive state machine (``schedule.py``) says what is ready;
``run.py`` has it made (``attempting.py``) and tells the schedule what came of it; inputs
(``inputs.py``) are read from a store (``store.py``) that keeps nodes apart. The folder
``durable`` holds what outlives a run: the journal, and what a later run may take over.
Everything else here shows, checks or describes.
"""

from linus_nb.graph.dag import AgentDAG
from linus_nb.graph.executor import DAGExecutor
from linus_nb.graph.expression import Expression
from linus_nb.graph.handle import RunHandle
from linus_nb.graph.node import AgentNode, Edge
from linus_nb.graph.node_result import NodeResult
from linus_nb.graph.result import ExecutionResult
from linus_nb.graph.settings import options
from linus_nb.graph.state import SharedState

__all__ = [
    "AgentDAG",
    "AgentNode",
    "DAGExecutor",
    "Edge",
    "ExecutionResult",
    "Expression",
    "NodeResult",
    "RunHandle",
    "SharedState",
    "options",
]
