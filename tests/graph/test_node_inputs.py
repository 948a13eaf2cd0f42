"""What a node is given, by rule of contract section 3."""

import pytest
from graph_makers import dag_of, one_node

from linus_nb.errors import GraphError, MissingInputError, OptionError, PromptError
from linus_nb.graph import AgentDAG, AgentNode, DAGExecutor


def got(agent, state=None, **options):
    """Return what a single node returned."""
    return one_node(agent, state, **options).raise_for_status()["n"]


class TestByName:
    def test_parameters_get_the_keys_of_their_names(self):
        assert got(lambda b, a: (a, b), {"a": 1, "b": 2, "c": 3}) == (1, 2)

    def test_a_default_is_kept_where_nobody_supplies_the_key(self):
        assert got(lambda a, b=7: (a, b), {"a": 1}) == (1, 7)

    def test_a_default_gives_way_to_what_is_there(self):
        assert got(lambda a, b=7: (a, b), {"a": 1, "b": 2}) == (1, 2)

    def test_keyword_only_parameters_are_bound(self):
        def function(*, a, b=2):
            return a, b

        assert got(function, {"a": 1}) == (1, 2)

    def test_positional_only_parameters_are_bound(self):
        def function(a, b, /, c):
            return a, b, c

        assert got(function, {"a": 1, "b": 2, "c": 3}) == (1, 2, 3)

    def test_a_positional_only_default_gives_way_to_what_is_there(self):
        def function(a, b=7, c=8, /):
            return a, b, c

        assert got(function, {"a": 1, "b": 2}) == (1, 2, 8)
        assert got(function, {"a": 1}) == (1, 7, 8)

    def test_a_positional_only_parameter_behind_a_missing_one_keeps_its_default(self):
        def function(a, b=7, c=8, /):
            return a, b, c

        assert got(function, {"a": 1, "c": 3}) == (1, 7, 8)

    def test_a_parameter_named_state_gets_all_in_a_dict(self):
        assert got(lambda state: state, {"a": 1, "b": 2}) == {"a": 1, "b": 2}

    def test_a_parameter_named_state_beside_others_gets_all_too(self):
        assert got(lambda a, state: (a, state), {"a": 1, "b": 2}) == (1, {"a": 1, "b": 2})

    def test_an_only_parameter_that_nobody_writes_gets_all_in_a_dict(self):
        assert got(lambda s: s, {"a": 1}) == {"a": 1}

    def test_an_only_parameter_that_the_initial_state_has_gets_its_value(self):
        assert got(lambda a: a, {"a": 1, "b": 2}) == 1

    def test_an_only_parameter_with_a_default_keeps_it(self):
        assert got(lambda s=5: s, {"a": 1}) == 5

    def test_keyword_arguments_get_everything(self):
        assert got(lambda **all_of_it: all_of_it, {"a": 1, "b": 2}) == {"a": 1, "b": 2}

    def test_keyword_arguments_get_what_the_other_parameters_leave(self):
        def function(a, /, b, **rest):
            return a, b, rest

        assert got(function, {"a": 1, "b": 2, "c": 3}) == (1, 2, {"c": 3})

    def test_no_parameter_gets_nothing(self):
        assert got(lambda: "nothing", {"a": 1}) == "nothing"

    def test_a_variable_positional_parameter_gets_nothing(self):
        assert got(lambda *args: args, {"a": 1}) == ()

    def test_an_output_is_read_under_its_output_key(self):
        dag = dag_of({"a": AgentNode("a", lambda: 1, output_key="one"), "b": lambda one: one + 1})
        dag.add_edge("a", "b")
        assert DAGExecutor(dag).execute()["b"] == 2

    def test_an_ancestor_wins_over_the_initial_state(self):
        dag = dag_of({"x": lambda: "new", "b": lambda x: x}, ["x b"])
        assert DAGExecutor(dag).execute({"x": "old"})["b"] == "new"


class TestMapping:
    def test_a_function_gets_keyword_arguments(self):
        assert got(lambda p, q: (p, q), {"a": 1, "b": 2}, input_mapping={"q": "a", "p": "b"}) == (
            2,
            1,
        )

    def test_an_empty_mapping_means_no_input(self):
        assert got(lambda a=0: a, {"a": 1}, input_mapping={}) == 0

    def test_a_positional_only_parameter_can_be_mapped(self):
        def function(a, /, b):
            return a, b

        assert got(function, {"x": 1, "y": 2}, input_mapping={"b": "y", "a": "x"}) == (1, 2)

    def test_a_mapped_positional_only_parameter_never_slips_into_another(self):
        def function(a=1, b=2, /):
            return a, b

        with pytest.raises(GraphError, match="'a'"):
            got(function, {"x": 9}, input_mapping={"b": "x"})

    def test_keyword_arguments_take_any_mapped_name(self):
        assert got(lambda **k: k, {"x": 1}, input_mapping={"any": "x"}) == {"any": 1}

    def test_an_unknown_parameter_is_named(self):
        with pytest.raises(GraphError, match="'nope'"):
            got(lambda a: a, {"x": 1}, input_mapping={"a": "x", "nope": "x"})

    def test_a_parameter_that_is_not_mapped_is_named(self):
        with pytest.raises(MissingInputError, match="'b'"):
            got(lambda a, b: a, {"x": 1}, input_mapping={"a": "x"})

    def test_a_key_that_nobody_writes_is_named(self):
        with pytest.raises(MissingInputError, match="'nobody'"):
            got(lambda a: a, {"x": 1}, input_mapping={"a": "nobody"})

    def test_a_key_that_could_have_been_there_is_none(self):
        dag = dag_of({"a": AgentNode("a", lambda: 1 / 0, on_error="skip")})
        dag.add_node(AgentNode("b", lambda p: [p], input_mapping={"p": "a"}))
        dag.add_edge("a", "b")
        assert DAGExecutor(dag).execute()["b"] == [None]

    def test_the_callers_mapping_is_not_kept(self):
        mapping = {"p": "x"}
        node = AgentNode("n", lambda p: p, input_mapping=mapping)
        mapping["p"] = "other"
        assert node.input_mapping == {"p": "x"}


class TestPrompts:
    def test_a_prompt_is_one_string(self):
        assert got(lambda text: text, {"a": 1, "b": "x"}, prompt="{a}-{b}-{a}") == "1-x-1"

    def test_doubled_braces_are_single_ones(self):
        assert got(lambda text: text, {"a": 1}, prompt='{{"k": {a}}}') == '{"k": 1}'

    def test_values_are_never_read_as_templates(self):
        assert got(lambda text: text, {"a": "{b}{{"}, prompt="<{a}>") == "<{b}{{>"

    @pytest.mark.parametrize("key", ["a.b", "a[0]", "a!r", "a:>10", " a", "a b", "é", "0"])
    def test_keys_are_taken_exactly_as_named(self, key):
        assert got(lambda text: text, {key: "v"}, prompt="{" + key + "}") == "v"

    @pytest.mark.parametrize("prompt", ["{", "}", "a { b", "{}", "{a{b}}", "x}"])
    def test_a_lone_brace_is_refused_when_the_node_is_made(self, prompt):
        with pytest.raises(PromptError, match="brace"):
            AgentNode("n", print, prompt=prompt)

    def test_containers_are_json(self):
        state = {"a": {"k": [1, "ü", None, (2,)]}}
        assert got(lambda text: text, state, prompt="{a}") == '{"k": [1, "ü", null, [2]]}'

    def test_a_frame_is_bounded_csv(self):
        pandas = pytest.importorskip("pandas")
        frame = pandas.DataFrame({"n": range(1000)})
        text = got(lambda text: text, {"f": frame}, prompt="{f}")
        assert "more rows" in text
        assert len(text) < 1_000

    def test_a_missing_key_is_named_before_anything_runs(self):
        with pytest.raises(MissingInputError, match="'b'"):
            got(lambda text: text, {"a": 1}, prompt="{a} {b}")

    def test_a_key_that_could_have_been_there_is_empty(self):
        dag = dag_of({"a": AgentNode("a", lambda: 1 / 0, on_error="skip")})
        dag.add_node(AgentNode("b", lambda text: text, prompt="<{a}>"))
        dag.add_edge("a", "b")
        assert DAGExecutor(dag).execute()["b"] == "<>"

    def test_prompt_and_mapping_together_are_refused(self):
        with pytest.raises(OptionError, match="both prompt and input_mapping"):
            AgentNode("n", print, prompt="x", input_mapping={})

    def test_a_prompt_without_keys_is_given_as_it_is(self):
        assert got(lambda text: text, {"a": 1}, prompt="hello") == "hello"


class TestWhatANodeMayRead:
    def two_branches(self, reader):
        dag = dag_of({"a": lambda: "A", "b": lambda: "B", "c": reader}, ["b c"])
        return DAGExecutor(dag)

    @pytest.mark.parametrize("schedule", ["sequential", "levels", "dataflow"])
    def test_only_ancestors_are_seen(self, schedule):
        result = self.two_branches(lambda state: state).execute({"i": 0}, schedule=schedule)
        assert result["c"] == {"i": 0, "b": "B"}

    def test_naming_what_is_no_ancestor_is_refused_with_the_edge_to_type(self):
        with pytest.raises(MissingInputError, match="does not come before") as caught:
            self.two_branches(lambda a, b: a).execute()
        assert "dag.add_edge('a', 'c')" in str(caught.value)

    def test_a_key_of_the_initial_state_is_read_even_if_another_branch_writes_it(self):
        result = self.two_branches(lambda a, b: (a, b)).execute({"a": "initial"})
        assert result["c"] == ("initial", "B")

    def test_ancestors_at_any_distance_are_seen(self):
        dag = dag_of({"a": lambda: 1, "b": lambda: 2, "c": lambda a, b: a + b}, ["a b", "b c"])
        assert DAGExecutor(dag).execute()["c"] == 3


class TestNodesThatCanNeverWork:
    @pytest.mark.parametrize(
        "options",
        [
            {"retry_count": -1},
            {"retry_count": 1.5},
            {"retry_count": True},
            {"retry_count": "2"},
            {"timeout_seconds": 0},
            {"timeout_seconds": -1},
            {"timeout_seconds": float("nan")},
            {"timeout_seconds": float("inf")},
            {"timeout_seconds": "3"},
            {"retry_backoff": -0.1},
            {"retry_backoff": "x"},
            {"on_error": "ignore"},
            {"input_mapping": ["a"]},
            {"input_mapping": "ab"},
            {"input_mapping": {"a": 1}},
            {"prompt": 5},
            {"output_key": 5},
            {"resource": 5},
        ],
        ids=str,
    )
    def test_an_option_that_can_never_work_is_refused_by_name(self, options):
        with pytest.raises(OptionError, match=f"'n'.*{next(iter(options))}"):
            AgentNode("n", print, **options)

    @pytest.mark.parametrize("name", [None, 1, b"n", ("n",)])
    def test_a_name_that_is_no_str_is_refused(self, name):
        with pytest.raises(OptionError, match="name"):
            AgentNode(name, print)

    def test_a_node_without_an_agent_is_refused(self):
        with pytest.raises(OptionError, match="has no agent"):
            AgentNode("n", None)

    def test_an_agent_that_cannot_be_called_is_refused(self):
        dag = AgentDAG("d")
        dag.add_node(AgentNode("n", 42))
        with pytest.raises(OptionError, match="42 cannot be called"):
            dag.validate()
