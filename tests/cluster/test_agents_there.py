"""Agents work on the workers: by their configuration, within the limits of their servers."""

import os
import signal

import cluster_nodes as nodes
import pytest

from linus_nb.agent.agent import ReasoningAgent, create_gemma_agent
from linus_nb.agent.models import create_chat_model
from linus_nb.agent.serving.slots import slot_at
from linus_nb.graph import AgentDAG, AgentNode, DAGExecutor
from linus_nb.testing import FakeOllama, ScriptedModel, Step, cassette


def dag_of_agents(number, make_agent):
    dag = AgentDAG("agents")
    for index in range(number):
        dag.add_node(f"a{index}", make_agent(), prompt=f"Question {index}?")
    return dag


def test_an_agent_on_a_scripted_model_answers_there_with_its_tokens_and_metrics(backend):
    agent = ReasoningAgent(ScriptedModel(["Paris it is"]), instructions="Be brief.")
    dag, said = dag_of_agents(1, lambda: agent), []

    def listen(event):
        if event.kind == "token":
            said.append(event.text)

    result = DAGExecutor(dag, backend=backend, on_event=listen).execute()
    assert result["a0"] == "Paris it is"
    assert "".join(said) == "Paris it is"
    assert result.nodes["a0"].metrics.llm_calls == 1
    assert agent.llm.calls == ()
    assert result.timings["worker"][0] in ("0", "1")


def test_the_limit_of_a_server_holds_across_all_workers(backend):
    with FakeOllama(lambda _: Step(text="ok", delay=0.2), parallel=100) as server:
        dag = dag_of_agents(16, lambda: create_gemma_agent(model="gemma3:4b", api_base=server.url))
        result = DAGExecutor(dag, backend=backend).execute(parallel=True)
        assert result.status == "success", result.errors
        assert len(set(result.timings["worker"])) == 2
        assert server.max_in_flight == 4


def test_it_holds_also_for_agents_that_are_run_in_threads(backend):
    with FakeOllama(lambda _: Step(text="ok", delay=0.2), parallel=100) as server:
        dag = AgentDAG("threads")
        url = server.url

        def ask():
            llm = create_chat_model("ollama:gemma3:4b", api_base=url, max_parallel=1)
            return ReasoningAgent(llm).run("Well?", return_metrics=False)

        for index in range(4):
            dag.add_node(f"t{index}", ask)
        result = DAGExecutor(dag, backend=backend).execute(parallel=True)
        assert result.status == "success", result.errors
        assert server.max_in_flight == 1


def test_the_slots_of_a_worker_that_died_come_back(mortal_backend, tmp_path):
    async def ask(path):
        async with slot_at("http://gpu-box:11434", 1):
            if nodes.count_up(path) == 1:
                os.kill(os.getpid(), signal.SIGKILL)
        return "answered"

    dag = AgentDAG("dying")
    for index in range(3):
        dag.add_node(f"a{index}", ask, input_mapping={"path": "path"})
    result = DAGExecutor(dag, backend=mortal_backend).execute(
        {"path": tmp_path / "n"}, parallel=True
    )
    assert set(result.node_results.values()) == {"answered"}


def test_an_error_of_a_model_keeps_its_class_and_hint(backend):
    agent = create_gemma_agent(model="gemma3:4b", api_base="http://127.0.0.1:9")
    result = DAGExecutor(dag_of_agents(1, lambda: agent), backend=backend).execute()
    assert type(result.nodes["a0"].exception).__name__ == "ModelUnreachableError"
    assert "ollama serve" in result.errors["a0"]


def test_a_cassette_does_not_silently_let_calls_through(backend, tmp_path):
    agent = ReasoningAgent(ScriptedModel(["never"]))
    executor = DAGExecutor(dag_of_agents(1, lambda: agent), backend=backend)
    with cassette(tmp_path / "calls.json"):
        errors = executor.execute().errors
    assert errors["a0"].startswith("a cassette hears no model calls of node 'a0'")


def servers_of_this_process():
    from linus_nb.agent.embedded import server  # noqa: PLC0415

    return len(server._running._threads)


@pytest.mark.model
def test_each_worker_process_has_one_embedded_server_for_all_its_agents(
    client, backend, model_file
):
    def make_agent():
        return create_gemma_agent(backend="embedded", temperature=0, seed=1, max_tokens=30)

    dag = AgentDAG("six agents")
    for index in range(6):
        prompt = f"Say a word. {index}"
        dag.add_node(AgentNode(f"a{index}", make_agent(), prompt=prompt, on_error="continue"))
    result = DAGExecutor(dag, backend=backend).execute(parallel=True)
    assert all(node.metrics.llm_calls >= 1 for node in result.nodes.values())
    assert sorted(result.timings["worker"]) == ["0", "0", "0", "1", "1", "1"]
    assert list(client.run(servers_of_this_process).values()) == [1, 1]
