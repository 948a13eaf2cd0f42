"""An expression over the state as the condition of an edge: safe, saved, compared, shown."""

import copy
import json
import pickle

import pytest
from graph_makers import constant, execute, statuses
from hypothesis import example, given
from hypothesis import strategies as st

from linus_nb.errors import (
    ExpressionError,
    GraphError,
    LinusError,
    MissingInputError,
    OptionError,
)
from linus_nb.graph import AgentDAG, DAGExecutor, Expression
from linus_nb.graph.expression_reading import ALLOWED
from linus_nb.graph.spec import references

STATE = {
    "score": 0.9,
    "topic": "Cats",
    "items": [3, 1, 2],
    "result": {"rows": [{"n": 1}]},
    "my key": 5,
    "none": None,
    "ключ": 7,
}

TRUE = [
    "score > 0.8 and topic != 'spam'",
    "0 < score < 1 < 2 <= 2 >= 2 == 2",
    "not (0 < score < 0.5)",
    "topic.lower() in ('cats', 'dogs')",
    "topic.upper().startswith('CA') and topic.endswith(('s', 'x'))",
    "' a '.strip() == 'a'",
    "len(items) == 3 and min(items) == 1 and max(items) == 3 and sum(items) == 6",
    "any([x, y]) if 'x' in state and 'y' in state else all([True, 1])",
    "'nothing' not in state",
    "result['rows'][0]['n'] == 1",
    "items[-1] == 2 and items[:2] == [3, 1] and items[::2] == [3, 2]",
    "state['my key'] - 1 == 4",
    "ключ // 2 == 3 and ключ % 4 == 3 and ключ / 2 == 3.5 and -ключ + 8 == +1",
    "none is None and topic is not None",
    "{'a': 1}['a'] in {1, 2}",
    "round(score, 1) == abs(-0.9) and int('3') == 3 and float('2') == 2 and str(1) == '1'",
    "bool(items) or unknown",
    "(\n  score > 0.8\n  and True\n)",
]

REFUSED = [
    ("score.__class__", 0),
    ("topic.format(1)", 0),
    ("topic.upper", 0),
    ("(1).real", 0),
    ("score ** 2", 0),
    ("1 << 9", 0),
    ("a @ b", 0),
    ("~a", 0),
    ("lambda: 1", 0),
    ("[x for x in items]", 0),
    ("1 + {x: x for x in items}", 4),
    ("(yield)", 1),
    ("(x := 1)", 1),
    ("f'{score}'", 0),
    ("b'a' == 1", 0),
    ("1j == 1", 0),
    ("... == 1", 0),
    ("[*items]", 1),
    ("{**result}", 0),
    ("open('x')", 0),
    ("len(*items)", 4),
    ("max(items, key=len)", 0),
    ("items.append(1)", 0),
    ("'é' + eval('1')", 6),
    ("(score >\n   getattr(a, b))", 12),
    ("state", 0),
    ("len(state) > 1", 4),
    ("state[topic] == 1", 0),
    ("state[1] == 1", 0),
    ("topic in state", 0),
    ("'a' in state == True", 0),
    ("'a' == state", 0),
    ("len(len)(1)", 0),
]


def conditional(condition="score > 0.8", label=""):
    dag = AgentDAG("triage")
    dag.add_node("score", constant(0.9))
    dag.add_node("publish", constant("yes"))
    dag.add_edge("score", "publish", condition, label=label)
    return dag


def functions_of(dag):
    return references(dag)["functions"]


def rebuilt(dag):
    functions = functions_of(dag)
    namespace = {**functions, "functions": functions}
    exec(dag.to_code(functions), namespace)  # noqa: S102 - the code is what is tested
    return namespace["dag"]


class TestMeaning:
    @pytest.mark.parametrize("text", TRUE)
    def test_it_says_what_python_would_say(self, text):
        assert Expression(text)(STATE) is True

    def test_it_gives_the_value_as_and_and_or_do(self):
        assert Expression("items and topic")(STATE) == "Cats"
        assert Expression("none or 0")(STATE) == 0

    def test_it_reads_no_further_than_it_must(self):
        assert Expression("True or unknown")({}) is True
        assert Expression("1 > 2 > unknown")({}) is False
        assert Expression("1 if True else unknown")({}) == 1

    def test_a_function_is_one_only_where_it_is_called(self):
        assert Expression("len(len) == 2")({"len": "ab"}) is True
        assert Expression("len(len) == 2").keys == ("len",)

    def test_it_names_the_keys_that_it_needs(self):
        expression = Expression("state['b c'] and a + a[i] > len(d) and 'e' in state and e")
        assert expression.keys == ("b c", "a", "i", "d")
        assert expression.optional == ("e",)

    def test_a_key_that_is_not_there_is_named_with_those_that_are(self):
        with pytest.raises(MissingInputError, match=r"reads 'scor'.*\n.*'score', 'topic'"):
            Expression("scor > 1")(STATE)

    def test_dunder_names_are_keys_like_any_other(self):
        assert Expression("__class__ == 1 and __import__ == 2")({"__class__": 1, "__import__": 2})


class TestSafety:
    @pytest.mark.parametrize(("text", "position"), REFUSED)
    def test_what_is_not_allowed_is_refused_with_its_place_and_what_is(self, text, position):
        with pytest.raises(ExpressionError) as caught:
            Expression(text)
        assert caught.value.position == position
        assert f"at character {position} of" in caught.value.message
        assert caught.value.hint == ALLOWED

    @pytest.mark.parametrize(
        "text", ["a b", "(", "a = 1", "import os", "a > ", "'x", "a\nb", "1 +\x00"]
    )
    def test_what_is_no_expression_is_refused(self, text):
        with pytest.raises(ExpressionError):
            Expression(text)

    @pytest.mark.parametrize("text", ["", "  ", 5, None, "x" * 2001, "\ud800"])
    def test_what_is_no_text_of_an_expression_is_refused(self, text):
        with pytest.raises(ExpressionError):
            Expression(text)

    @pytest.mark.parametrize(
        "text",
        ["-" * 1900 + "1", "(" * 900 + "1" + ")" * 900, "not " * 490 + "a", "1" + "+1" * 200],
    )
    def test_deep_nesting_is_refused(self, text):
        with pytest.raises(ExpressionError):
            Expression(text)

    @pytest.mark.parametrize(
        "text",
        [
            "'x' * 1000000000",
            "1000000000 * [1]",
            "items * 1000000000",
            "'%1000000000d' % 1",
            "round(5, -1000000000)",
            "str([str([str(['a'])])])",
            "*".join(["9" * 40] * 40),
        ],
    )
    def test_nothing_grows_without_bounds(self, text):
        with pytest.raises(ExpressionError):
            Expression(text)(STATE)

    def test_methods_are_those_of_text_alone(self):
        class Odd:
            def lower(self):
                raise AssertionError("called")

        with pytest.raises(TypeError, match="'str'"):
            Expression("x.lower()")({"x": Odd()})

    @given(st.text(max_size=40) | st.from_regex(r"[a-c0-9 .+*()\[\]'\"{}<>=:,%-]{1,30}"))
    @example("5in x")
    @example("'\\d' in a")
    @example("a[")
    def test_any_text_is_an_expression_or_an_error_with_a_sentence(self, text):
        try:
            expression = Expression(text)
        except ExpressionError as error:
            told = error.message
        else:
            assert Expression(expression.text) == expression
            told = expression.text
        assert told


class TestValue:
    def test_it_is_its_text(self):
        one = Expression(" score > 0.8 ")
        assert one == Expression("score > 0.8") != Expression("score > 0.9")
        assert hash(one) == hash(Expression("score > 0.8"))
        assert (one.text, str(one), repr(one)) == (
            "score > 0.8",
            "score > 0.8",
            "Expression('score > 0.8')",
        )
        assert one != "score > 0.8"

    def test_it_can_be_copied_and_pickled(self):
        one = Expression("score > 0.8")
        assert copy.deepcopy(one) == pickle.loads(pickle.dumps(one)) == one  # noqa: S301
        assert pickle.loads(pickle.dumps(one))(STATE) is True  # noqa: S301


class TestInADag:
    @pytest.mark.parametrize(
        ("text", "status"), [("score > 0.8", "completed"), ("score > 1", "skipped")]
    )
    def test_it_decides_the_edge(self, text, status):
        assert statuses(execute(conditional(text)))["publish"] == status

    def test_it_sees_the_initial_state_and_the_ancestors(self):
        dag = conditional("score > least and start == 1")
        dag.add_node("start", constant(1))
        dag.add_edge("start", "score")
        assert statuses(execute(dag, {"least": 0.5}))["publish"] == "completed"

    def test_one_that_raises_fails_its_target(self):
        result = execute(conditional("score > 'a'"))
        assert statuses(result)["publish"] == "failed"
        assert "'score' -> 'publish' raised TypeError" in result.errors["publish"]

    def test_it_can_be_the_router_of_a_branch(self):
        dag = AgentDAG("d")
        for name in ("kind", "a", "b"):
            dag.add_node(name, constant("B"))
        dag.add_branch("kind", "kind.lower()", {"a": "a", "b": "b"})
        assert statuses(execute(dag)) == {"kind": "completed", "a": "skipped", "b": "completed"}
        for again in (AgentDAG.from_json(dag.to_json(), functions=functions_of(dag)), rebuilt(dag)):
            assert again.edges[0].branch.router == Expression("kind.lower()")

    def test_what_is_no_condition_is_refused(self):
        with pytest.raises(OptionError, match="5 is no condition"):
            conditional(5)
        with pytest.raises(ExpressionError):
            conditional("")

    def test_adding_it_again_changes_nothing_and_another_text_does(self):
        dag = conditional()
        first = dag.edges[0]
        assert dag.add_edge("score", "publish", "score > 0.8") is first
        assert dag.add_edge("score", "publish", "score > 0.7") is dag.edges[0] is not first

    def test_copies_and_renamed_nodes_keep_it(self):
        dag = conditional()
        dag.rename("publish", "print")
        assert dag.copy().edges[0].condition == Expression("score > 0.8")

    def test_json_holds_it_without_a_registry(self):
        dag = conditional()
        written = dag.to_json()
        assert json.loads(written)["edges"] == [
            {
                "source": "score",
                "target": "publish",
                "condition": {"expression": "score > 0.8"},
            }
        ]
        again = AgentDAG.from_json(written, functions=functions_of(dag))
        assert again.edges[0].condition == Expression("score > 0.8")

    @pytest.mark.parametrize("condition", [{"expression": "a.b"}, {"expression": 5}, {}, {"x": 1}])
    def test_json_with_a_bad_expression_is_refused(self, condition):
        written = json.loads(conditional().to_json())
        written["edges"][0]["condition"] = condition
        with pytest.raises(GraphError):
            AgentDAG.from_json(json.dumps(written), functions=functions_of(conditional()))

    def test_code_holds_it_as_text(self):
        assert "dag.add_edge('score', 'publish', 'score > 0.8')" in conditional().to_code()
        assert rebuilt(conditional()).edges[0].condition == Expression("score > 0.8")


class TestDrawing:
    def test_the_text_stands_beside_the_arrow_unless_there_is_a_label(self):
        assert conditional().picture().edges[0].label == "score > 0.8"
        assert conditional(label="good").picture().edges[0].label == "good"
        assert "score > 0.8" in conditional().to_svg().replace("&gt;", ">")
        assert conditional(lambda state: True).picture().edges[0].label == ""

    def test_a_long_text_is_cut(self):
        assert len(conditional("score > 0.8" + " and score" * 50).picture().edges[0].label) == 60


class TestValidation:
    def test_it_needs_what_nobody_writes_from_the_initial_state(self):
        dag = conditional("score > least and 'topic' in state and topic != 'spam'")
        assert dag.validate() == ("least",)
        assert dag.validate({"least"}) == ("least",)

    def test_a_key_that_nobody_supplies_is_named_before_the_run(self):
        with pytest.raises(MissingInputError) as caught:
            execute(conditional("scor > 0.8"), {"x": 1})
        assert str(caught.value) == (
            "the condition of the edge 'score' -> 'publish' reads 'scor', which nobody writes\n"
            "  -> did you mean 'score'? it may read ['score', 'x']; put 'scor' into the initial "
            "state, or add the node that writes it"
        )

    def test_a_key_that_is_written_too_late_is_named_with_the_edge_that_would_help(self):
        dag = conditional("publish == 1")
        with pytest.raises(MissingInputError, match="'publish' does not come before it"):
            dag.validate()

    def test_a_router_is_looked_at_as_well(self):
        dag = AgentDAG("d")
        dag.add_node("a", constant(1))
        dag.add_node("b", constant(1))
        dag.add_branch("a", "nobody", {1: "b"})
        with pytest.raises(MissingInputError, match="'nobody'"):
            dag.validate(())

    def test_functions_may_read_what_they_like(self):
        assert conditional(lambda state: state["x"]).validate(()) == ()


class TestLaterRuns:
    @pytest.mark.parametrize(
        ("text", "runs"), [("score > 0.8", 1), ("score > 0.7", 1), ("score > 2", 0)]
    )
    def test_another_text_is_asked_again_when_results_are_reused(self, text, runs):
        dag = conditional()
        executor = DAGExecutor(dag)
        executor.execute()
        dag.add_edge("score", "publish", text)
        result = executor.execute(reuse=True)
        assert result.nodes["score"].reused
        assert statuses(result)["publish"] == ("completed" if runs else "skipped")

    def test_a_resumed_run_keeps_the_verdict_of_the_same_text(self, tmp_path):
        stop = [True]

        def publish(score):
            if stop:
                raise ValueError("not yet")
            return score

        def make(text):
            dag = AgentDAG("d")
            dag.add_node("score", constant(0.9))
            dag.add_node("publish", publish)
            dag.add_edge("score", "publish", text)
            return DAGExecutor(dag, journal=tmp_path / "runs.db")

        assert make("score > 0.8").execute().status == "failed"
        stop.clear()
        result = make("score > 0.8").resume()
        assert (result.nodes["score"].reused, result["publish"]) == (True, 0.9)


def test_every_error_is_a_linus_error():
    assert issubclass(ExpressionError, GraphError)
    assert issubclass(ExpressionError, LinusError)


def test_a_text_that_ends_too_early_is_wrong_at_its_end():
    with pytest.raises(ExpressionError) as caught:
        Expression("load >")
    assert caught.value.position == 6


def test_odd_ends_of_lines_are_ends_of_lines():
    with pytest.raises(ExpressionError, match="'lambda:1' is not allowed"):
        Expression("(1\r,lambda:1)")
    assert Expression("(a\r\n+ 1)")({"a": 1}) == 2
