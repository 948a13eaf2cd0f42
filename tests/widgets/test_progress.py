"""What a run looks like, as its events come in."""

from linus_nb import events
from linus_nb.widgets.progress import NodeProgress, Progress, activity, seconds_left


def started(name, time=0.0, attempt=1):
    return events.NodeStarted(time, "r", name, attempt=attempt)


def finished(name, time=1.0, status="completed", error=None):
    return events.NodeFinished(time, "r", name, status=status, seconds=1.0, error=error)


def progress_of(names, *happened):
    progress = Progress(names)
    for event in happened:
        progress.take(event)
    return progress


def test_the_node_that_started_last_is_followed_and_then_one_that_still_runs():
    progress = progress_of(["a", "b"], started("a"), started("b", 0.1))
    assert progress.following == 1
    progress.take(finished("b"))
    assert progress.following == 0


def test_a_failed_node_stays_followed_while_the_rest_is_stopped():
    progress = progress_of(
        ["a", "b"], started("a"), started("b"), finished("a", status="failed", error="no")
    )
    progress.take(finished("b", status="cancelled"))
    assert progress.following == 0
    assert progress.reached == 1


def test_every_attempt_has_its_own_bar():
    retrying = events.NodeRetrying(1.0, "r", "a", attempt=1, delay=0.5, error="no")
    progress = progress_of(["a"], started("a"), retrying, started("a", 1.5, 2), finished("a", 2.0))
    assert progress.changes(2.0)["spans_0"] == [(0.0, 1.0, "failed"), (1.5, 2.0, "completed")]


def test_only_what_has_changed_is_told():
    progress = progress_of(["a", "b"], started("a"))
    progress.changes(0.0)
    progress.take(events.Token(0.1, "r", "a", text="one "))
    progress.take(events.Token(0.2, "r", "a", text="two"))
    changes = progress.changes(0.3)
    assert changes["output_0"] == "one two"
    assert set(changes) == {"output_0", "activity_0"}


def test_of_a_long_text_the_newest_part_is_kept():
    progress = Progress(["a"], room=10)
    progress.take(started("a"))
    for number in range(20):
        progress.take(events.Token(0.1, "r", "a", text=f"{number} "))
    assert progress.changes(1.0)["output_0"] == "…17 18 19 "


def test_what_children_say_is_shown_at_their_parent_whose_own_name_may_hold_slashes():
    progress = progress_of(["a/b", "a"], started("a/b"), started("a"))
    progress.take(started("a/b/child", 0.1))
    progress.take(events.Token(0.2, "r", "a/b/child", text="inner"))
    progress.take(events.Token(0.2, "r", "a/other", text="other"))
    progress.take(finished("a/b/child", 0.3))
    changes = progress.changes(0.4)
    assert (changes["output_0"], changes["output_1"]) == ("inner", "other")
    assert progress.nodes[0].status == "running"


def test_a_silent_model_is_named_with_its_seconds():
    progress = progress_of(["a"], started("a"), events.Phase(2.0, "r", "a", phase="answer"))
    progress.nodes[0].waits_for = "Ollama"
    assert progress.changes(10.0)["activity_0"] == "waiting for Ollama, 8 s"


def test_tools_are_told_with_arguments_and_results():
    progress = progress_of(
        ["a"],
        started("a"),
        events.ToolStarted(0.1, "r", "a", tool="add", arguments={"a": 1}),
        events.ToolStarted(0.1, "r", "a", tool="add", arguments={"a": 2}),
        events.ToolFinished(0.2, "r", "a", tool="add", seconds=0.1, result="3"),
        events.ToolFinished(0.3, "r", "a", tool="add", seconds=0.2, error="no"),
    )
    calls = progress.changes(1.0)["tools_0"]
    assert [call["state"] for call in calls] == ["completed", "failed"]
    assert calls[0]["arguments"] == '{"a": 1}'
    assert calls[1]["result"] == "no"


def test_texts_hold_nothing_that_json_cannot_carry():
    progress = progress_of(["a"], started("a"))
    progress.printed("a", "half \ud800 \x00\n")
    assert progress.changes(0.0)["printed_0"] == "half � ␀\n"


def test_there_is_no_remaining_time_on_a_first_run():
    nodes = [NodeProgress("a"), NodeProgress("b")]
    assert seconds_left(nodes, {"a": 1.0}, [(0, 1)], 0.0, one_at_a_time=False) is None


def test_the_remaining_time_is_the_longest_way_or_in_sequence_the_sum():
    nodes = [NodeProgress("a", "running", spans=[(0.0, None, "running")]), NodeProgress("b")]
    nodes.append(NodeProgress("c"))
    expected = {"a": 3.0, "b": 2.0, "c": 4.0}
    at_once = seconds_left(nodes, expected, [(0, 1)], 1.0, one_at_a_time=False)
    in_turn = seconds_left(nodes, expected, [(0, 1)], 1.0, one_at_a_time=True)
    assert (at_once, in_turn) == (4.0, 8.0)


def test_a_retry_is_told_beside_what_the_node_does():
    assert activity(NodeProgress("a", "running", retry="attempt 2"), 3.0) == (
        "running, 3 s (attempt 2)"
    )
