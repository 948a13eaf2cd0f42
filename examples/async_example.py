"""Five ways to run agents and DAGs: python examples/async_example.py.

Works on an Ollama server if one is up, else on the small embedded model. Each agent has one
tool that waits for half a second, as a web service would; that waiting is what runs in
parallel here.
"""

import asyncio
import time
from collections.abc import Callable

from linus_nb import AgentDAG, DAGExecutor, create_gemma_agent

SECONDS_OF_THE_SERVICE = 0.5

POPULATION = {"Oslo": 717_710, "Rome": 2_748_109, "Kyiv": 2_952_301}


def population(city: str) -> str:
    """Look up how many people live in a city.

    Parameters
    ----------
    city : str
        Oslo, Rome or Kyiv.
    """
    time.sleep(SECONDS_OF_THE_SERVICE)  # a slow service; it blocks its own thread only
    return f"{POPULATION[city]:,} people live in {city}"


def task_about(city: str) -> str:
    return f"How many people live in {city}?"


async def one_agent() -> None:
    """1. One agent, awaited."""
    response = await create_gemma_agent(tools=[population]).arun(task_about("Oslo"))
    print(f"   {response.result}  [{response.metrics.model}]")


async def three_agents() -> None:
    """2. Three agents at once, under asyncio.gather."""
    agents = [create_gemma_agent(tools=[population]) for _ in POPULATION]
    tasks = map(task_about, POPULATION)
    responses = await asyncio.gather(
        *(agent.arun(task) for agent, task in zip(agents, tasks, strict=True))
    )
    for response in responses:
        print(f"   {response.result}")


def make_dag() -> AgentDAG:
    """Make cities -> {Oslo, Rome, Kyiv} -> report."""
    dag = AgentDAG("cities")
    dag.add_node("cities", lambda: list(POPULATION))
    dag.add_node("report", lambda Oslo, Rome, Kyiv: f"{Oslo}; {Rome}; {Kyiv}")  # noqa: N803
    for city in POPULATION:
        dag.add_node(city, create_gemma_agent(tools=[population]), prompt=task_about(city))
        dag.add_edge("cities", city)
        dag.add_edge(city, "report")
    return dag


async def dag_sequential() -> None:
    """3. A DAG, one node at a time."""
    result = await DAGExecutor(make_dag()).aexecute(parallel=False)
    print(f"   {result.status} in {result.execution_time_seconds:.2f} s")


async def dag_parallel() -> None:
    """4. The same DAG, independent nodes at once."""
    result = await DAGExecutor(make_dag()).aexecute(parallel=True)
    print(f"   {result.status} in {result.execution_time_seconds:.2f} s: {result['report']}")


def seconds_of(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def comparison() -> None:
    """5. Blocking, async in sequence, and parallel."""
    executor = DAGExecutor(make_dag())
    blocking = seconds_of(executor.execute)
    sequential = seconds_of(lambda: asyncio.run(executor.aexecute(parallel=False)))
    parallel = seconds_of(lambda: asyncio.run(executor.aexecute(parallel=True)))
    print(f"   blocking execute()         {blocking:.2f} s")
    print(f"   await aexecute(sequential) {sequential:.2f} s")
    print(f"   await aexecute(parallel)   {parallel:.2f} s")
    print(f"   speedup {sequential / parallel:.2f}x")


def main() -> None:
    for example in (one_agent, three_agents, dag_sequential, dag_parallel):
        print(example.__doc__)
        asyncio.run(example())
    print(comparison.__doc__)
    comparison()


if __name__ == "__main__":
    main()
