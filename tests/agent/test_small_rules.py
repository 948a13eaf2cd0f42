"""What plain rules read from a question in everyday words, for a model that would get it wrong."""

from typing import Literal

import pytest
from agent_scripts import SmallModel

from linus_nb.agent.agent import ReasoningAgent
from linus_nb.agent.offered import offer
from linus_nb.agent.small.asked import asked_part
from linus_nb.agent.small.candidates import candidates_for
from linus_nb.agent.small.mentions import mentioned
from linus_nb.agent.small.operations import likely_operations
from linus_nb.agent.small.spans import counted, dates, literals, numbers
from linus_nb.agent.small.verbal_arithmetic import combinations, expressions
from linus_nb.agent.small.words import stems
from linus_nb.agent.tools import get_date_tools, get_default_tools

SHARES = Literal["Apple", "IBM", "Microsoft"]


def compare(first: SHARES, second: SHARES) -> str:
    """Compare two shares."""
    return f"{first} and {second}"


def double(number: int) -> int:
    """Double a number."""
    return 2 * number


def clock() -> str:
    """Tell the time."""
    return "noon"


TOOLS = offer([*get_default_tools(), *get_date_tools(), compare])


# --- words --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Apple's price", "the price of Apple"),
        ("the companies’ prices", "price, company"),  # noqa: RUF001
        ("Who supplies it?", "Who is the supplier of it?"),
        ("the day of the week", "the weekday"),
        ("How often does it rain?", "How many times does it rain?"),
        ("don't", "don’t"),  # noqa: RUF001
    ],
)
def test_other_forms_of_the_same_words_are_the_same(one, other):
    assert stems(one) == stems(other)


def test_a_possessive_names_its_owner():
    assert mentioned("Is Apple's price above IBM's?", ["IBM", "Apple", "s"]) == ["Apple", "IBM"]


def test_small_numbers_may_be_words():
    assert numbers("two of twelve weeks, and one more") == ["2", "12"]
    assert counted("three weeks and 10 more days", "days") == "10"
    assert counted("in the 2nd week", "weeks") is None


def test_a_span_of_time_begins_where_it_is_counted_from():
    assert dates("until 2024-05-01, from 1 March 2024") == ["2024-03-01", "2024-05-01"]
    assert dates("2024-05-01 until 2024-03-01") == ["2024-05-01", "2024-03-01"]


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("How many letters does the word banana have?", ["banana"]),
        ("How often does the letter e appear in 'green'?", ["green", "e"]),
        ("How often does the word on appear in 'on and on'?", ["on and on", "on"]),
        ("How many r's are in strawberry?", ["strawberry", "r"]),
        ("How many characters long is 'hello'?", ["hello"]),
        ("What is the word count of the report?", []),
        ("Give me a hint, X.", []),
    ],
)
def test_texts_that_a_question_is_about_are_found(question, found):
    assert literals(question) == found


# --- sums ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "operation"),
    [
        ("We sold 12 on Friday and 15 on Sunday, how many in total?", "+"),
        ("I had 80 and spent 12. What is left?", "-"),
        ("Ann is 40, Bo is 31. How many years older is Ann?", "-"),
        ("What do 7 tickets at 3.50 each cost?", "*"),
        ("There are 20 rows with 15 seats each. How many seats is that?", "*"),
        ("We share 90 euros among 6 people. What does each get?", "/"),
        ("How many bags of 5 kg do I need for 60 kg?", "/"),
        ("27 people come and each table seats 9. How many tables do we need?", "/"),
        ("We paid 1,260 for 12 months. How much is that per month?", "/"),
        ("The bus carries 52 passengers and 17 get off. How many stay on?", "-"),
        ("Two friends split 31 euros evenly. What does each pay?", "/"),
    ],
)
def test_the_words_of_a_story_tell_its_operation(question, operation):
    assert likely_operations(question) == [operation]
    assert len(combinations(question)) == 1


def test_money_is_divided_by_what_is_none():
    assert combinations("24 bottles are 18 euros. What is the price of one?") == ["18 / 24"]
    assert combinations("Split $90 among 100 people evenly.") == ["90 / 100"]


def test_where_no_word_tells_the_model_decides():
    assert likely_operations("Ann has 4 cats, Bo has 3 cats.") == ["+", "-", "*", "/"]


def test_a_list_of_numbers_is_added_up():
    assert expressions("What is the sum of 4, 5 and 6?") == ["4 + 5 + 6"]
    assert expressions("Please add up 1,000, 20 and 3.") == ["1000 + 20 + 3"]
    assert expressions("The mean of 4 and 5?") == ["(4 + 5) / 2"]


def test_parts_and_multiples_may_be_said_in_words():
    assert expressions("What is one quarter of 84?") == ["84 / 4"]
    assert expressions("Is half of 30 more than twice 7?") == ["30 / 2", "7 * 2"]


# --- tools --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "bound"),
    [
        ("What weekday was 9 November 1989?", {"start": "1989-11-09"}),
        ("What date is 6 weeks after 1 July 2025?", {"weeks": 6, "direction": "after"}),
        ("45 days before 2026-01-10?", {"days": 45, "direction": "before"}),
        ("Two weeks earlier than 2026-01-10?", {"weeks": 2, "direction": "before"}),
    ],
)
def test_a_date_is_counted_on_or_back_from(question, bound):
    found = candidates_for(TOOLS["date_after"].schema, question).bound
    assert found is not None
    assert bound.items() <= found.items()


@pytest.mark.parametrize(
    ("question", "result", "arguments", "part"),
    [
        ("How many words are in 'two sentences'?", {"words": 2, "sentences": 1}, {}, 2),
        ("Which city is largest?", {"city": "Linz", "area": 9}, {"column": "t.area"}, "Linz"),
        ("What's the largest area?", {"city": "Linz", "area": 9}, {"column": "t.area"}, 9),
        ("Who has the lowest pay?", {"name": "Ann", "pay": 5}, {"column": "pay"}, "Ann"),
        ("What is the average?", {"mean": 3.5, "sum": 7}, {}, 3.5),
        ("And?", {"mean": 3.5, "sum": 7}, {}, {"mean": 3.5, "sum": 7}),
        ("How many?", {"occurrences": 3}, {}, 3),
        ("How many?", [1, 2], {}, [1, 2]),
        ("How many?", {}, None, {}),
    ],
)
def test_the_part_that_a_question_asks_for_is_taken(question, result, arguments, part):
    assert asked_part(question, result, arguments) == part


# --- the loop -----------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_the_answer_is_the_part_that_is_asked_for_and_the_history_has_all():
    with SmallModel([]) as model:
        agent = ReasoningAgent(model, get_default_tools())
        response = await agent.arun("How many words are in 'to be or not'?")
    assert response.result == "4"
    tool = next(record for record in response.execution_history if record.by == "tool")
    assert tool.result["characters"] == 12


@pytest.mark.anyio
async def test_two_that_are_named_do_not_become_one():
    """The model says the same for both, is told so, and says better."""
    same, better = {"first": "IBM", "second": "IBM"}, {"first": "Apple", "second": "IBM"}
    with SmallModel([same, better]) as model:
        agent = ReasoningAgent(model, [compare])
        response = await agent.arun("Compare Apple, Microsoft and IBM")
    assert response.result == "Apple and IBM"
    assert "first and second are both 'IBM'" in model.calls[1].last_text


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("tools", "task", "script", "why"),
    [
        ([double], "What is the capital of France?", [{"number": 1}], "does not say what 'double'"),
        ([clock, double], "Hello!", [], "nothing in the task speaks for"),
    ],
)
async def test_a_tool_that_hardly_fits_is_not_complete(tools, task, script, why):
    with SmallModel(script) as model:
        response = await ReasoningAgent(model, tools).arun(task)
    assert not response.completion_status["is_complete"]
    assert why in response.completion_status["reason"]
    assert response.metrics.tool_executions == 1


def test_after_a_tool_has_failed_the_next_best_one_is_tried_and_doubted():
    def double_it(number: int) -> int:
        """Double a number, or try to."""
        raise ZeroDivisionError

    with SmallModel([]) as model:
        response = ReasoningAgent(model, [double_it, double]).run("Double it: 21, please try.")
    assert response.result == "42"
    assert response.metrics.failed_tool_calls == 1
    assert response.completion_status["reason"] == (
        "'double' was taken only because 'double_it' failed"
    )
    assert not response.completion_status["is_complete"]


def test_a_tool_that_fits_is_not_doubted():
    with SmallModel([]) as model:
        response = ReasoningAgent(model, [clock, double]).run("Double 21, please.")
    assert (response.result, response.completion_status["is_complete"]) == ("42", True)
