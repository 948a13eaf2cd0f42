"""What holds for any DAG, checked against a plain model on virtual time.

``LINUS_NB_CAMPAIGN=1`` runs the full sizes.
"""

import asyncio
import os
from itertools import pairwise

from generated_dags import UNIT, designs
from graph_makers import statuses
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from virtual_time import new_run, run_dag, run_virtually, seconds

from linus_nb.graph import DAGExecutor
from linus_nb.graph.run import GRACE

CAMPAIGN = os.environ.get("LINUS_NB_CAMPAIGN") == "1"
SCHEDULES = ("sequential", "levels", "dataflow")


def sized(few, many):
    return settings(
        max_examples=many if CAMPAIGN else few,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def all_schedules(design, **options):
    return {
        policy: run_virtually(run_dag(design.build(), policy=policy, **options))
        for policy in SCHEDULES
    }


@sized(150, 10_000)
@given(designs())
def test_every_node_ends_as_the_model_says_under_every_schedule(design):
    expected = {
        design.plans[node].name: "skipped" if state == "dead" else state
        for node, state in design.expected().items()
    }
    for result in all_schedules(design).values():
        assert statuses(result) == expected


@sized(150, 10_000)
@given(designs())
def test_all_schedules_give_equal_results_node_by_node(design):
    sequential, levels, dataflow = all_schedules(design).values()
    for other in (levels, dataflow):
        assert other.node_results == sequential.node_results
        assert other.errors == sequential.errors
        assert other.final_state == sequential.final_state
        assert other.edges.keys() == sequential.edges.keys()
        assert other.status == sequential.status


@sized(150, 10_000)
@given(designs(fail=True))
def test_a_node_that_completed_under_two_schedules_has_equal_results(design):
    results = list(all_schedules(design).values())
    for one in results:
        for other in results:
            for name, node in one.nodes.items():
                if node.status == other.nodes[name].status == "completed":
                    assert node.output == other[name]


@sized(150, 10_000)
@given(designs())
def test_the_makespan_of_dataflow_is_the_critical_path(design):
    result = run_virtually(run_dag(design.build()))
    assert result.execution_time_seconds <= 1.001 * design.critical_path() + 1e-9


@sized(150, 10_000)
@given(designs(), st.sampled_from(SCHEDULES))
def test_no_node_starts_before_its_predecessors_have_settled(design, policy):
    result = run_virtually(run_dag(design.build(), policy=policy))
    for source, target in result.edges:
        started = result.nodes[target].started
        assert started is None or started >= result.nodes[source].settled
    if policy == "sequential":
        spans = sorted((n.started, n.ended) for n in result.nodes.values() if n.started is not None)
        assert all(end <= start for (_, end), (start, _) in pairwise(spans))


@sized(150, 10_000)
@given(designs(retries=False, nested=False), st.integers(1, 4))
def test_with_slots_the_makespan_keeps_grahams_bound(design, k):
    """R. L. Graham, Bounds on multiprocessing timing anomalies (1969)."""
    result = run_virtually(run_dag(design.build(), slots=k))
    lower = max(design.critical_path(), design.work() / k)
    assert result.execution_time_seconds <= (2 - 1 / k) * lower * 1.001 + 1e-9


@sized(100, 5_000)
@given(designs(), st.integers(1, 3), st.integers(1, 2))
def test_limits_change_no_result_and_are_never_exceeded(design, k, gpus):
    for position, plan in enumerate(design.plans):
        plan.resource = "gpu" if position % 2 else None
    free = run_virtually(run_dag(design.build()))
    limited = run_virtually(run_dag(design.build(), slots=k, limits={"gpu": gpus}))
    assert limited.node_results == free.node_results
    assert limited.status == free.status
    attempts = [a for r in results_of(limited) for n in r.nodes.values() for a in held(n)]
    assert most_at_once(attempts) <= k


def results_of(result):
    """Yield the result and those of nested runs."""
    yield result
    for node in result.nodes.values():
        if node.child is not None:
            yield from results_of(node.child)


def held(node):
    """Return the attempts that held a slot; those of a nested DAG hold none."""
    return [] if node.child is not None else node.attempts


def most_at_once(attempts):
    changes = [(a.started, 1) for a in attempts] + [(a.ended, -1) for a in attempts]
    running = most = 0
    for _, change in sorted(changes):
        running += change
        most = max(most, running)
    return most


@sized(250, 5_000)
@given(
    designs(fail=True),
    st.sampled_from(SCHEDULES),
    st.integers(0, 60),
    st.sampled_from([None, 1, 2]),
    st.booleans(),
)
def test_a_cancel_at_any_instant_loses_nothing_and_leaves_nothing(
    design, policy, quarter, slots, exactly
):
    async def cancelled():
        run = new_run(design.build(), policy=policy, slots=slots)
        task = asyncio.ensure_future(run.execute())
        # At the very instant at which nodes end, or between two of them.
        await asyncio.sleep(quarter * UNIT / 2 + (0 if exactly else UNIT / 4))
        begun = asyncio.get_running_loop().time()
        task.cancel()
        await asyncio.wait([task])
        assert asyncio.get_running_loop().time() - begun == seconds(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return run.result()

    design.log.clear()
    result = run_virtually(cancelled())
    ends = {"completed", "failed", "skipped", "cancelled"}
    assert set(statuses(result).values()) <= ends
    assert result.status in ("success", "partial", "failed", "cancelled")
    assert result.abandoned == []
    for name, value in design.log:
        assert result[name] == value
    for plan in design.plans:
        child = result.nodes[plan.name].child
        for name, value in plan.inner.log if plan.inner else ():
            assert child[name] == value
    attempts = [a for r in results_of(result) for n in r.nodes.values() for a in n.attempts]
    assert {a.status for a in attempts} <= {"completed", "failed", "cancelled"}


@sized(150, 5_000)
@given(
    designs(fail=True, nested=True),
    st.sampled_from(SCHEDULES),
    st.integers(0, 40),
    st.sampled_from([None, 1, 2]),
    st.lists(st.sampled_from([0.0, 0.0, 0.1, 0.15, 0.2, 0.4, 5.0]), min_size=9, max_size=9),
    st.sampled_from([None, 0.3, 0.6, 1.0]),
)
def test_a_stopped_run_ends_in_time_and_for_good(  # noqa: PLR0917 - one for each thing drawn
    design, policy, quarter, slots, cleanups, timeout
):
    for plan, cleanup in zip(design.plans, cleanups, strict=False):
        for each in (plan, *(plan.inner.plans if plan.inner else ())):
            each.cleanup, each.timeout = cleanup, timeout

    async def cancelled():
        run = new_run(design.build(), policy=policy, slots=slots)
        task = asyncio.ensure_future(run.execute())
        await asyncio.sleep(quarter * UNIT / 2)
        begun = asyncio.get_running_loop().time()
        task.cancel()
        await asyncio.wait([task])
        assert asyncio.get_running_loop().time() - begun <= GRACE + 1e-6
        before = everything_of(run.result())
        await asyncio.sleep(100)
        assert everything_of(run.result()) == before
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return run

    run = run_virtually(cancelled())
    ends = {"completed", "failed", "skipped", "cancelled"}
    assert set(statuses(run.result()).values()) <= ends
    if slots:
        assert run.around.slots._free == slots


def everything_of(result):
    """Return all that a result tells, the runs nested in it included."""
    return [
        (r.status, r.node_results, r.errors, r.abandoned, statuses(r), r.final_state)
        for r in results_of(result)
    ]


@sized(100, 2_000)
@given(
    designs(nested=True),
    st.sampled_from(SCHEDULES),
    st.sampled_from([None, 1, 2]),
    st.lists(st.sampled_from([0.0, 0.1, 0.4, 5.0]), min_size=9, max_size=9),
)
def test_timeouts_never_hang_a_run_nor_keep_a_slot(design, policy, slots, cleanups):
    for plan, cleanup in zip(design.plans, cleanups, strict=False):
        for each in (plan, *(plan.inner.plans if plan.inner else ())):
            each.cleanup, each.timeout = cleanup, 0.6

    async def to_the_end():
        run = new_run(design.build(), policy=policy, slots=slots)
        result = await run.execute()
        before = everything_of(result)
        await asyncio.sleep(100)
        assert everything_of(run.result()) == before
        return run

    run = run_virtually(to_the_end())
    assert set(statuses(run.result()).values()) <= {"completed", "skipped"}
    if slots:
        assert run.around.slots._free == slots


@sized(60, 2_000)
@given(designs(fail=True), st.sampled_from(SCHEDULES))
def test_events_of_any_run_are_in_order(design, policy):
    async def events():
        executor = DAGExecutor(design.build())
        return [event async for event in executor.astream(schedule=policy)]

    told = run_virtually(events())
    assert [told[0].kind, told[-1].kind] == ["run_started", "run_finished"]
    assert [e.time for e in told] == sorted(e.time for e in told)
    for name in {event.node for event in told if event.node}:
        kinds = [event.kind for event in told if event.node == name]
        assert kinds.count("node_finished") == 1
        if "node_queued" in kinds:
            assert kinds.index("node_queued") == 0
            after = kinds[1]
            assert after in ("node_started", "node_finished")
        settled = kinds.index("node_finished")
        assert set(kinds[settled + 1 :]) <= {"edge_decided"}
