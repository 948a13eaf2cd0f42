"""Metrics tell what was measured, and None for what was not."""

import pytest

from linus_nb.agent.calls import Reply
from linus_nb.agent.metrics import AgentMetrics, Meter


def reply(tokens_in=10, tokens_out=5, queued=None):
    return Reply(
        text="x",
        model="toy",
        input_tokens=tokens_in,
        output_tokens=tokens_out,
        seconds=0.5,
        server_queue_seconds=queued,
    )


def metrics_of(*replies):
    meter = Meter("unknown yet")
    for each in replies:
        meter.count_reply(each)
    return meter.read(completed=True)


def test_counts_are_added_up_over_the_replies():
    metrics = metrics_of(reply(10, 5), reply(20, 7))
    assert (metrics.total_input_tokens, metrics.total_output_tokens) == (30, 12)
    assert metrics.total_tokens == 42
    assert metrics.llm_calls == 2
    assert metrics.model_seconds == 1.0
    assert metrics.to_dict()["avg_tokens_per_llm_call"] == 21


@pytest.mark.parametrize("position", [0, 1])
def test_one_missing_count_makes_the_total_unknown(position):
    replies = [reply(), reply()]
    replies[position] = reply(tokens_in=None)
    metrics = metrics_of(*replies)
    assert metrics.total_input_tokens is None
    assert metrics.total_output_tokens == 10
    assert metrics.total_tokens is None
    assert metrics.to_dict()["avg_tokens_per_llm_call"] is None


def test_without_a_call_no_token_was_used_and_there_is_no_average():
    metrics = metrics_of()
    assert metrics.total_tokens == 0
    assert metrics.model == "unknown yet"
    assert metrics.to_dict()["avg_tokens_per_llm_call"] is None


def test_the_model_is_the_one_that_replied():
    assert metrics_of(reply()).model == "toy"


def test_queue_time_is_unknown_where_no_server_told_it():
    assert metrics_of(reply()).server_queue_seconds is None
    assert metrics_of(reply(queued=0.25), reply()).server_queue_seconds == 0.25


def test_tools_are_counted_by_their_end():
    meter = Meter("m")
    meter.count_tool(0.5, succeeded=True)
    meter.count_tool(0.25, succeeded=False)
    metrics = meter.read(completed=False)
    assert (metrics.successful_tool_calls, metrics.failed_tool_calls) == (1, 1)
    assert metrics.tool_executions == 2
    assert metrics.tool_seconds == 0.75
    assert metrics.to_dict()["success_rate"] == 0.5


def test_without_a_tool_there_is_no_success_rate():
    assert AgentMetrics().to_dict()["success_rate"] is None


def test_only_a_completed_task_has_a_round_of_completion():
    meter = Meter("m", iterations=3)
    assert meter.read(completed=True).iterations_to_completion == 3
    assert meter.read(completed=False).iterations_to_completion is None
    assert meter.read(completed=False).total_iterations == 3
