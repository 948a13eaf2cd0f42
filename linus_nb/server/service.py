"""What a server serves: the agents and DAGs by name, and what their requests share."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from linus_nb.drawing import ato_svg
from linus_nb.errors import OptionError, RequestRefusedError
from linus_nb.graph import AgentDAG, DAGExecutor
from linus_nb.graph.spec import to_json
from linus_nb.server.answering import RunReply
from linus_nb.server.history import JournalHistory
from linus_nb.server.limits import Gate
from linus_nb.server.runs import AgentRun, DagRun, LiveRuns

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Mapping

    from linus_nb.server.history import RunHistory
    from linus_nb.server.limits import Limits
    from linus_nb.server.runs import Agent
    from linus_nb.server.schemas import AgentQuery

_SECONDS_TO_CLEAN_UP = 5.0

Named = TypeVar("Named")


class ServedDag:
    """A DAG as it was when the server was made; nobody can change it any more.

    Parameters
    ----------
    dag : AgentDAG
        Copied and checked.
    """

    def __init__(self, dag: AgentDAG) -> None:
        self.needed_keys = dag.validate()
        self.dag = dag.copy()
        self.spec: dict[str, Any] = json.loads(to_json(self.dag))
        self._svg = ""
        self._drawing = asyncio.Lock()

    async def svg(self) -> str:
        """Return its picture, drawn once."""
        if not self._svg:
            async with self._drawing:
                self._svg = self._svg or await ato_svg(self.dag.picture())
        return self._svg


class Service:
    """Agents and DAGs, the gate in front of them, and the runs that go on.

    Parameters
    ----------
    agents, dags : mapping
        By the names under which they are served.
    limits : Limits
        How much is taken on.
    journal : str or path, optional
        Where runs of DAGs are recorded.

    Examples
    --------
    >>> from linus_nb.server import Limits
    >>> Service({}, {}, Limits())
    Traceback (most recent call last):
    ...
    linus_nb.errors.OptionError: there is nothing to serve
      -> create_app(agents={"default": agent}, dags={"pipeline": dag})
    """

    def __init__(
        self,
        agents: Mapping[str, Agent],
        dags: Mapping[str, AgentDAG],
        limits: Limits,
        journal: str | os.PathLike[str] | None = None,
    ) -> None:
        if not agents and not dags:
            raise OptionError(
                "there is nothing to serve",
                hint='create_app(agents={"default": agent}, dags={"pipeline": dag})',
            )
        for name, agent in agents.items():
            if not callable(getattr(agent, "astream", None)):
                raise OptionError(
                    f"agents[{name!r}] is no agent: {agent!r:.200}",
                    hint="serve other things as the nodes of a DAG: dags={...}",
                )
        for name, dag in dags.items():
            if not isinstance(dag, AgentDAG):
                raise OptionError(f"dags[{name!r}] is no AgentDAG: {dag!r:.200}")
        self.agents = dict(agents)
        self.dags = {name: ServedDag(dag) for name, dag in dags.items()}
        self.limits = limits
        self.journal = journal
        self.history: RunHistory | None = None if journal is None else JournalHistory(journal)
        self.gate = Gate(limits)
        self.live = LiveRuns()

    @asynccontextmanager
    async def lifespan(self, _: object) -> AsyncIterator[None]:
        """Give runs that the server has cancelled the time to clean up and to be recorded."""
        yield
        await self.gate.empty(_SECONDS_TO_CLEAN_UP)

    def ask(self, name: str | None, query: AgentQuery, *, as_stream: bool) -> RunReply:
        """Return the reply that an agent will give."""
        name, agent = _chosen("agent", self.agents, name)
        history = [message.model_dump() for message in query.history]
        run = AgentRun(name, agent, query.query, history, self.limits)
        return RunReply(run, self.gate, self.live, self.limits, as_stream=as_stream)

    def execute(
        self, name: str | None, state: dict[str, Any], schedule: str | None, *, as_stream: bool
    ) -> RunReply:
        """Return the reply that a run of a DAG will give."""
        _, served = _chosen("dag", self.dags, name)
        served.dag.validate(state)  # before it waits for a slot
        run = DagRun(DAGExecutor(served.dag, journal=self.journal), state, schedule, self.limits)
        return RunReply(run, self.gate, self.live, self.limits, as_stream=as_stream)

    def dag(self, name: str) -> ServedDag:
        """Return the DAG of that name."""
        return _chosen("dag", self.dags, name)[1]


def _chosen(kind: str, served: Mapping[str, Named], name: str | None) -> tuple[str, Named]:
    """Return what is served under ``name``; without a name the only one there is."""
    if name is None and len(served) == 1:
        name = next(iter(served))
    known = ", ".join(map(repr, list(served)[:20])) or "none"
    if name is None:
        raise RequestRefusedError(
            f"which {kind}? There are {known}",
            hint=f"?{kind}=<name>",
            status=404 if not served else 422,
        )
    if name not in served:
        raise RequestRefusedError(
            f"there is no {kind} {name!r:.200}", hint=f"known: {known}", status=404
        )
    return name, served[name]
