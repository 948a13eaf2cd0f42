"""Random DAGs with a plain model of what must come of them."""

import asyncio
from dataclasses import dataclass, field

from hypothesis import strategies as st

from linus_nb.graph import AgentDAG, AgentNode

UNIT = 0.25
"""All durations are multiples of it, so that sums on virtual time are exact."""


@dataclass
class Plan:
    """One node: how long an attempt takes, how many fail, and its options."""

    name: str
    units: int
    failures: int
    retries: int
    on_error: str
    resource: str | None = None
    cleanup: float = 0.0
    """Seconds for which an attempt goes on after it was told to stop."""
    timeout: float | None = None
    inner: "Design | None" = None

    @property
    def attempts(self):
        return min(self.failures, self.retries) + 1

    @property
    def fails(self):
        if self.inner is not None:
            return self.inner.fails
        return self.failures > self.retries


@dataclass
class Design:
    """A DAG: plans, and a verdict (True, False or "raises") for each edge."""

    plans: list
    edges: dict
    log: list = field(default_factory=list)

    @property
    def fails(self):
        """Whether a run fails: an on_error="fail" node fails."""
        outcome = self.expected()
        return "failed" in outcome.values()

    def before(self, node):
        return [source for source, target in self.edges if target == node]

    def expected(self):
        """Return the end state of each node, as if nothing ever stopped the run."""
        states = {}
        for node, plan in enumerate(self.plans):
            alive = [p for p in self.before(node) if states[p] != "dead"]
            verdicts = [self.edges[p, node] for p in alive]
            if "raises" in verdicts:
                states[node] = after_error(plan)
            elif self.before(node) and not any(verdicts):
                states[node] = "dead"
            elif plan.fails:
                states[node] = after_error(plan)
            else:
                states[node] = "completed"
        return states

    def ran(self, node, states):
        """Whether the node was attempted at all."""
        alive = [p for p in self.before(node) if states[p] != "dead"]
        return states[node] != "dead" and "raises" not in [self.edges[p, node] for p in alive]

    def seconds(self, node):
        """Seconds of all attempts of a node, the delays between them included."""
        plan = self.plans[node]
        if plan.inner is not None:
            return plan.inner.critical_path()
        delays = sum(UNIT * 2**attempt for attempt in range(plan.attempts - 1))
        return plan.units * UNIT * plan.attempts + delays

    def critical_path(self):
        """Seconds of the longest way, with what runs at all."""
        states, settled = self.expected(), {}
        for node in range(len(self.plans)):
            begin = max((settled[p] for p in self.before(node)), default=0.0)
            settled[node] = begin + (self.seconds(node) if self.ran(node, states) else 0.0)
        return max(settled.values(), default=0.0)

    def work(self):
        states = self.expected()
        return sum(self.seconds(n) for n in range(len(self.plans)) if self.ran(n, states))

    def build(self, name="generated"):
        """Return the DAG; each node notes in ``log`` what it returns."""
        dag = AgentDAG(name)
        for plan in self.plans:
            agent = self._function(plan) if plan.inner is None else plan.inner.build(plan.name)
            dag.add_node(
                AgentNode(
                    plan.name,
                    agent,
                    retry_count=plan.retries,
                    retry_backoff=UNIT,
                    on_error=plan.on_error,
                    resource=plan.resource,
                    timeout_seconds=plan.timeout,
                )
            )
        for (source, target), verdict in self.edges.items():
            dag.add_edge(self.plans[source].name, self.plans[target].name, condition(verdict))
        return dag

    def _function(self, plan):
        calls = []

        async def work(state):
            calls.append(1)
            try:
                await asyncio.sleep(plan.units * UNIT)
            except asyncio.CancelledError:
                if not plan.cleanup:
                    raise
                await asyncio.sleep(plan.cleanup)
            if len(calls) % plan.attempts or plan.fails:
                raise ValueError(f"{plan.name} {len(calls)}")
            value = f"{plan.name}({' '.join(sorted(state))})"
            self.log.append((plan.name, value))
            return value

        return work


def after_error(plan):
    return {"fail": "failed", "skip": "skipped", "continue": "completed"}[plan.on_error]


def condition(verdict):
    if verdict == "raises":
        return lambda state: state["what nobody writes"]
    return None if verdict == "plain" else (lambda state: verdict)


@st.composite
def designs(draw, *, fail=False, retries=True, nested=True, most=9, prefix="n"):
    """Draw a design; with ``fail``, nodes may end their run."""
    size = draw(st.integers(1, most))
    on_errors = ["skip", "continue", "fail"] if fail else ["skip", "continue"]
    plans = [
        Plan(
            f"{prefix}{node}",
            units=draw(st.integers(0, 8)),
            failures=draw(st.sampled_from([0, 0, 0, 1, 2] if retries else [0])),
            retries=draw(st.integers(0, 2)) if retries else 0,
            on_error=draw(st.sampled_from(on_errors)),
        )
        for node in range(size)
    ]
    if nested and draw(st.integers(0, 3)) == 0:
        plan = draw(st.sampled_from(plans))
        plan.retries = plan.failures = 0
        plan.inner = draw(
            designs(fail=False, retries=retries, nested=False, most=4, prefix=plan.name + "_")
        )
    verdicts = st.sampled_from(["plain", "plain", True, False, "raises"])
    edges = {}
    for target in range(1, size):
        for source in draw(st.sets(st.integers(0, target - 1), max_size=3)):
            edges[source, target] = draw(verdicts)
    return Design(plans, edges)
