"""Notices: what is told before and after a run, and when nothing is."""

import pytest
from timing_samples import DIAMOND, UNEVEN, dag_of, run

from linus_nb.agent.metrics import AgentMetrics
from linus_nb.agent.response import AgentResponse
from linus_nb.graph import AgentDAG
from linus_nb.graph.notices import barrier_notice, server_notice


def retimed(dag, times, whole, **options):
    """Return a run by levels of ``dag`` with other times: queued, released, started, ended."""
    result = run(dag, schedule=options.pop("schedule", "levels"))
    for name, moments in times.items():
        attempt = result.nodes[name].attempts[0]
        attempt.queued, attempt.released, attempt.started, attempt.ended = moments
    result.execution_time_seconds = whole
    return result


@pytest.mark.parametrize(
    "edges",
    [DIAMOND, [("a", "b"), ("b", "c")], [("a", "c"), ("b", "c"), ("a", "d"), ("b", "d")]],
)
def test_shapes_in_which_every_barrier_is_a_dependency_are_passed_over(edges):
    assert barrier_notice(dag_of(edges).structure()) is None


def test_a_shape_that_can_lose_time_is_told_with_an_example_and_what_to_type():
    assert barrier_notice(dag_of(UNEVEN).structure()) == (
        "by levels, 'd' waits for 'b', on which it does not depend\n"
        "  -> schedule='dataflow' starts each node when its own predecessors have settled"
    )
    assert barrier_notice(AgentDAG("empty").structure()) is None


SLOW = {
    "a": (0, 0, 0, 0),
    "b": (0, 0, 0, 50),
    "c": (0, 0, 0, 20),
    "d": (20, 50, 50, 70),
    "e": (70, 70, 70, 70),
}


def test_the_loss_of_a_run_is_told_with_who_waited_and_what_to_type():
    assert barrier_notice(retimed(dag_of(UNEVEN), SLOW, 70.0)) == (
        "waiting for whole levels cost 20.0 s of 70.0 s (29%): 'd' was ready 30.0 s before its "
        "level\n  -> await executor.aexecute(state, schedule='dataflow')"
    )


def test_small_losses_and_other_schedules_are_not_told():
    quick = {name: tuple(t / 30 for t in times) for name, times in SLOW.items()}
    assert barrier_notice(retimed(dag_of(UNEVEN), quick, 70 / 30)) is None
    assert barrier_notice(retimed(dag_of(UNEVEN), SLOW, 70.0, schedule="dataflow")) is None
    long_tail = SLOW | {"e": (70, 70, 70, 1000)}
    assert barrier_notice(retimed(dag_of(UNEVEN), long_tail, 1000.0)) is None
    assert barrier_notice(run(AgentDAG("empty"), schedule="levels")) is None


def test_with_few_slots_only_what_is_sure_is_called_lost():
    # Four seconds of work for one slot: nothing could have been faster, whatever the order.
    dag = dag_of([("a", "b"), ("c", "d")])
    times = {
        "a": (0, 0, 0, 10),
        "c": (0, 0, 10, 20),
        "b": (10, 20, 20, 30),
        "d": (20, 20, 30, 40),
    }
    assert barrier_notice(retimed(dag, times, 40.0)) is None


def test_a_server_that_serves_one_at_a_time_is_told():
    dag = AgentDAG("queue")
    for number in range(4):
        metrics = AgentMetrics(
            llm_calls=1, model_seconds=1.0 + number, server_queue_seconds=float(number)
        )
        dag.add_node(f"n{number}", lambda metrics=metrics: AgentResponse("x", metrics))
    times = {f"n{number}": (0, 0, 0, 1.0 + number) for number in range(4)}
    assert server_notice(retimed(dag, times, 4.0)) == (
        "the model server served 1 at a time: of the 10.0 s that calls took, 6.0 s were waiting "
        "in its queue\n  -> OLLAMA_NUM_PARALLEL=4 ollama serve"
    )


def test_a_run_without_queues_has_no_notice_of_the_server():
    assert server_notice(run(dag_of(DIAMOND))) is None
    assert server_notice(run(AgentDAG("empty"))) is None
