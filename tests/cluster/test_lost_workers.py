"""A worker that dies costs time and nothing else."""

import os
import signal

import cluster_nodes as nodes
import pytest

from linus_nb.cluster import DaskBackend
from linus_nb.errors import ClusterError
from linus_nb.graph import AgentDAG, AgentNode, DAGExecutor


def kill_the_teller(event):
    if event.kind == "token":
        os.kill(int(event.text), signal.SIGKILL)


def test_a_run_goes_on_elsewhere_when_a_worker_is_killed(mortal_backend, tmp_path):
    dag = AgentDAG("killed")
    dag.add_node(AgentNode("n", nodes.first_time_for_ever, input_mapping={"path": "path"}))
    for number in range(6):
        dag.add_node(AgentNode(f"m{number}", nodes.process_of_node))
    executor = DAGExecutor(dag, backend=mortal_backend, on_event=kill_the_teller)
    result = executor.execute({"path": tmp_path / "count"}, parallel=True)
    assert (result.status, result["n"]) == ("success", "done")
    [attempt] = result.nodes["n"].attempts
    assert attempt.status == "completed"
    [notice] = [text for text in result.notices if "was lost with 'n'" in text]
    assert "'n', which began anew on worker" in notice


def test_a_timeout_counts_anew_when_the_work_begins_anew(mortal_backend, tmp_path):
    dag = AgentDAG("killed")
    mapping = {"path": "path"}
    dag.add_node(
        AgentNode("n", nodes.first_time_for_ever, input_mapping=mapping, timeout_seconds=20)
    )
    executor = DAGExecutor(dag, backend=mortal_backend, on_event=kill_the_teller)
    assert executor.execute({"path": tmp_path / "count"})["n"] == "done"


def test_a_node_that_kills_every_worker_fails_by_its_name(mortal_backend):
    dag = AgentDAG("deadly")
    dag.add_node(AgentNode("deadly", lambda: os.kill(os.getpid(), signal.SIGKILL)))
    result = DAGExecutor(dag, backend=DaskBackend(mortal_backend.client, most_lost=1)).execute()
    assert result.status == "failed"
    assert isinstance(result.nodes["deadly"].exception, ClusterError)
    assert result.errors["deadly"].startswith(
        "workers were lost with node 'deadly', one after the other: "
    )


def test_a_failing_node_is_tried_again_by_its_own_count_only(backend, tmp_path):
    def work(path):
        raise ValueError(nodes.count_up(path))

    dag = AgentDAG("failing")
    dag.add_node(
        AgentNode("n", work, input_mapping={"path": "path"}, retry_count=1, retry_backoff=0)
    )
    result = DAGExecutor(dag, backend=backend).execute({"path": tmp_path / "count"})
    assert result.errors == {"n": "ValueError: 2"}
    assert [attempt.error for attempt in result.nodes["n"].attempts] == [
        "ValueError: 1",
        "ValueError: 2",
    ]


@pytest.mark.parametrize("most_lost", [-1, "three"])
def test_a_wrong_number_of_losses_is_refused(client, most_lost):
    with pytest.raises(ValueError, match="most_lost"):
        DaskBackend(client, most_lost=most_lost)
