"""Everything shows itself in a cell, small however large what it holds."""

import pytest

from linus_nb.agent.metrics import AgentMetrics
from linus_nb.agent.response import AgentResponse, StepRecord
from linus_nb.graph import AgentDAG, DAGExecutor, SharedState

HUGE = "<b>'\"&" * 100_000


def large_dag():
    dag = AgentDAG("large")
    for number in range(300):
        dag.add_node(
            f"{number} {HUGE[:100]}", lambda: HUGE, input_mapping={}, output_key=str(number)
        )
    return dag


def large_response():
    steps = [
        StepRecord(number, "tool", "tool", HUGE, "look", {"a": HUGE}, HUGE) for number in range(500)
    ]
    return AgentResponse(HUGE, AgentMetrics(model="m"), steps)


@pytest.mark.parametrize(
    "make",
    [
        large_dag,
        lambda: DAGExecutor(large_dag()).execute(),
        large_response,
        lambda: SharedState({f"{n} {HUGE}": HUGE for n in range(500)}),
    ],
    ids=["dag", "result", "response", "state"],
)
def test_displays_are_bounded(make):
    shown = make()
    assert len(shown._repr_html_()) < 100_000
    assert len(repr(shown)) < 20_000
    assert "<b>'" not in shown._repr_html_()


def test_a_response_shows_its_answer_and_its_steps():
    step = StepRecord(1, "tool", "tool", "look up", "look", {"a": 1}, 12.5)
    status = {"is_complete": True, "reason": "", "missing": []}
    html = AgentResponse("12 & more", AgentMetrics(model="m"), [step], status)._repr_html_()
    assert "12 &amp; more" in html
    assert "m: complete" in html
    assert "<td style='text-align:left;white-space:pre-wrap'>look up</td>" in html
