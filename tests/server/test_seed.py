"""The FastAPI section of the owner's document runs as it stands."""

from fastapi.testclient import TestClient
from serving import agent_on

from linus_nb import AgentDAG
from linus_nb.graph import DAGExecutor
from linus_nb.testing import FakeOllama

SAMPLE = '''
from fastapi import FastAPI
from linus.agents.agent.agent import create_gemma_agent

app = FastAPI()
agent = create_gemma_agent(tools=tools)

@app.post("/agent/query")
async def query_agent(query: str):
    """Non-blocking agent endpoint"""
    # Use async arun - doesn't block the event loop
    result = await agent.arun(query, return_metrics=True)

    return {
        "result": result.result,
        "metrics": result.metrics.to_dict()
    }

@app.post("/dag/execute")
async def execute_dag(data: dict):
    """Non-blocking DAG execution"""
    executor = DAGExecutor(dag)

    # Parallel execution in background
    result = await executor.aexecute(
        initial_state=data,
        parallel=True
    )

    return {
        "status": result.status,
        "results": result.node_results
    }
'''


def test_its_endpoints_answer(monkeypatch):
    with FakeOllama(lambda _: "714") as ollama:
        monkeypatch.setenv("OLLAMA_HOST", ollama.url)
        dag = AgentDAG("sample")
        dag.add_node("answer", agent_on(ollama), prompt="{question}")
        names = {"tools": None, "dag": dag, "DAGExecutor": DAGExecutor}
        exec(SAMPLE.replace("linus.agents.", "linus_nb."), names)  # noqa: S102 - it is ours
        client = TestClient(names["app"])
        told = client.post("/agent/query", params={"query": "Calculate 42 * 17"}).json()
        assert told["result"] == "714"
        assert told["metrics"]["llm_calls"] == 1
        told = client.post("/dag/execute", json={"question": "Calculate 42 * 17"}).json()
        assert told == {"status": "success", "results": {"answer": "714"}}
