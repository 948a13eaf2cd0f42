"""Every Python sample of the owner's document runs once `linus.agents.` is `linus_nb.`."""

import ast
import asyncio
import inspect
import logging
import time
from pathlib import Path

import httpx
import pytest
from samples_in_text import run_statements, samples_in, wait_for

from linus_nb import AgentDAG, AgentNode, DAGExecutor, create_gemma_agent, get_default_tools
from linus_nb.testing import FakeOllama

COPY = Path(__file__).parent / "data" / "seed_samples.md"
ORIGINAL = Path(__file__).parent.parent.parent / "shared" / "seed.md"

# What it reads as a plan, as a check and as an answer, so one reply serves every phase.
ANYTHING = {"tasks": [{"task": "answer"}], "is_complete": True, "reason": "done", "missing": []}


SAMPLES = samples_in(ORIGINAL if ORIGINAL.exists() else COPY)


def name_of(sample):
    """Name a sample by its first line that says something."""
    lines = [line.strip() for line in sample.splitlines()]
    return next(line for line in lines if line and not line.startswith(("import", "from")))[:50]


@pytest.fixture
def server(monkeypatch):
    with FakeOllama(lambda _: ANYTHING) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        yield server


def create_parallel_dag():
    dag = AgentDAG("parallel")
    dag.node("start", lambda: 1)
    for name in ("task1", "task2", "task3"):
        dag.node(name, lambda start: start + 1)
    dag.node("end", lambda task1, task2, task3: task1 + task2 + task3)
    return dag


@pytest.fixture
def names(server):
    """What the samples use and do not define."""
    calculator, *_ = tools = get_default_tools()
    given = ("agent", "agent1", "agent2", "agent3", "ingest_agent", "stats_agent")
    given += ("pattern_agent", "analysis_agent", "report_agent")
    dag = create_parallel_dag()
    return {
        **{name: create_gemma_agent(tools=tools) for name in given},
        **{f"task{number}": f"Task {number}" for number in (1, 2, 3)},
        "AgentDAG": AgentDAG,
        "AgentNode": AgentNode,
        "DAGExecutor": DAGExecutor,
        "asyncio": asyncio,
        "compute_heavy_math": lambda: sum(range(1000)),
        "create_gemma_agent": create_gemma_agent,
        "create_parallel_dag": create_parallel_dag,
        "dag": dag,
        "data": {"input": "data"},
        "executor": DAGExecutor(dag),
        "get_default_tools": get_default_tools,
        "logger": logging.getLogger("sample"),
        "queries": [f"Question {number}" for number in range(12)],
        "query": "What is 6 * 7?",
        "time": time,
        "tool": calculator,
        "tool_args": {"expression": "6 * 7"},
        "tools": tools,
    }


def run_sample(source, names):
    """Run a sample as a reader would: each function it defines is called."""
    tree = ast.parse(source)
    # A sample with asyncio.run beside a bare await shows two ways; each is run by itself.
    apart = "asyncio.run(" in source and any(map(awaits, tree.body))
    together = []
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            run_statements([*together, statement], names)
            together = []
            call(names[statement.name], names)
        else:
            together.append(statement)
            if apart:
                run_statements(together, names)
                together = []
    run_statements(together, names)
    for made in names.get("tasks", ()):
        if inspect.iscoroutine(made):  # a sample of too many tasks, which awaits none of them
            made.close()


def awaits(statement):
    inside = () if isinstance(statement, ast.AsyncFunctionDef) else ast.walk(statement)
    return any(isinstance(node, ast.Await) for node in inside)


def call(function, names):
    """Call a function of a sample with what its parameters are named after."""
    wait_for(function(*(names[name] for name in inspect.signature(function).parameters)))


@pytest.mark.parametrize("sample", SAMPLES, ids=map(name_of, SAMPLES))
def test_a_sample_runs_after_the_replacement(sample, names):
    run_sample(sample.replace("linus.agents.", "linus_nb."), names)


def test_the_fastapi_sample_answers_requests(names):
    (sample,) = (sample for sample in SAMPLES if "FastAPI" in sample)
    run_sample(sample.replace("linus.agents.", "linus_nb."), names)

    async def ask():
        transport = httpx.ASGITransport(names["app"])
        async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
            agent = await client.post("/agent/query", params={"query": "What is 6 * 7?"})
            dag = await client.post("/dag/execute", json={"text": "something"})
        return agent.json(), dag.json()

    agent, dag = asyncio.run(ask())
    assert agent["metrics"]["llm_calls"] == 4
    assert dag["status"] == "success"
    assert dag["results"]["end"] == 6


def test_the_samples_print_the_results_that_they_promise(names, capsys):
    (sample,) = (sample for sample in SAMPLES if "Calculate 42 * 17" in sample)
    run_sample(sample.replace("linus.agents.", "linus_nb."), names)
    assert "'total_iterations': 1" in capsys.readouterr().out


def test_every_sample_of_the_document_is_here():
    assert len(SAMPLES) == 19
    assert samples_in(COPY) == SAMPLES
