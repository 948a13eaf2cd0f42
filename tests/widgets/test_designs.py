"""A design takes any gesture and any text, and always holds a DAG that is one."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linus_nb.errors import (
    CycleError,
    GraphError,
    LinusError,
    OptionError,
    PromptError,
    UnknownNodeError,
)
from linus_nb.graph import AgentDAG, AgentNode, DAGExecutor, Expression
from linus_nb.widgets.building import Design, mapping_text


class Agent:
    """Answers."""

    def __init__(self, instructions=None):
        self.instructions = instructions

    async def arun(self, task):
        return task


def load():
    """Load the numbers.

    From nowhere.
    """
    return [1, 2, 3]


def add(load):
    return sum(load)


def is_big(state):
    return True


AGENTS = {"writer": Agent("You write."), "critic": Agent()}
FUNCTIONS = {"load": load, "add": add}


def design_of(*names, **options):
    design = Design(agents=AGENTS, functions=FUNCTIONS, **options)
    for name in names:
        design.add("agent" if name in AGENTS else "function", name)
    return design


def field(design, node, name):
    return next(field for field in design.fields(node) if field.name == name)


def rebuilt(design):
    registries = design.registries
    names = {**registries["functions"], **registries["agents"]}
    namespace = {**{k: v for k, v in names.items() if k.isidentifier()}, **registries}
    exec(design.code(), namespace)  # noqa: S102 - the code is what is tested
    return namespace["dag"]


class TestPalette:
    def test_it_offers_agents_and_functions_with_a_line_about_each(self):
        assert [tuple(entry) for entry in design_of().palette] == [
            ("agent", "writer", "You write."),
            ("agent", "critic", "Agent"),
            ("function", "load", "Load the numbers."),
            ("function", "add", "of load"),
        ]

    def test_it_offers_what_the_dag_holds_but_no_conditions(self):
        dag = AgentDAG("d")
        dag.add_node("one", lambda: 1)
        dag.add_node("two", add)
        dag.add_node("three", AgentDAG("inner"))
        dag.add_edge("one", "two", is_big)
        assert [entry.name for entry in design_of(dag=dag).palette[4:]] == ["one"]

    def test_each_thing_goes_where_it_belongs(self):
        design = Design(agents={"add": add}, functions={"writer": AGENTS["writer"]})
        assert [entry[:2] for entry in design.palette] == [("function", "add"), ("agent", "writer")]

    @pytest.mark.parametrize("bad", [{"x": 5}, {5: add}])
    def test_what_cannot_be_called_or_named_is_refused(self, bad):
        with pytest.raises(OptionError):
            Design(functions=bad)

    def test_a_dag_with_a_node_that_cannot_be_called_is_refused(self):
        dag = AgentDAG("d")
        dag.add_node("a", 5)
        with pytest.raises(OptionError, match="cannot be called"):
            Design(dag)

    def test_what_is_not_in_it_cannot_be_added(self):
        with pytest.raises(OptionError, match="no agent 'load'"):
            design_of().add("agent", "load")


class TestSteps:
    def test_names_of_nodes_are_made_unique(self):
        assert list(design_of("writer", "writer", "writer").dag.nodes) == [
            "writer",
            "writer_2",
            "writer_3",
        ]

    def test_the_dag_that_was_given_is_not_changed(self):
        dag = AgentDAG("d")
        dag.add_node("load", load)
        design = design_of(dag=dag)
        design.remove("load")
        assert (list(dag.nodes), list(design.dag.nodes), design.dag.name) == (["load"], [], "d")

    def test_edges_are_drawn_and_removed(self):
        design = design_of("load", "add")
        design.connect("load", "add")
        assert DAGExecutor(design.dag).execute()["add"] == 6
        design.disconnect("load", "add")
        assert design.dag.edges == ()

    def test_an_edge_that_is_there_keeps_its_condition(self):
        design = design_of("load", "add")
        design.connect("load", "add")
        design.set_condition("load", "add", "len(load) > 1")
        design.connect("load", "add")
        assert design.dag.edges[0].condition == Expression("len(load) > 1")
        assert design.next_undo == "Set the condition of load → add"

    def test_a_cycle_is_refused_and_its_path_is_told(self):
        design = design_of("load", "add", "writer")
        design.connect("load", "add")
        design.connect("add", "writer")
        assert design.cycle("writer", "load") == ["writer", "load", "add", "writer"]
        assert design.cycle("load", "load") == ["load", "load"]
        assert design.cycle("load", "writer") == []
        with pytest.raises(CycleError):
            design.connect("writer", "load")
        assert design.next_undo == "Connect add to writer"

    def test_targets_are_those_that_close_no_cycle_and_are_not_connected_yet(self):
        design = design_of("load", "add", "writer", "critic")
        design.connect("load", "add")
        design.connect("add", "writer")
        assert design.targets("load") == ["writer", "critic"]
        assert design.targets("writer") == ["critic"]
        assert design.targets("critic") == ["load", "add", "writer"]

    @pytest.mark.parametrize(
        "gesture",
        [
            lambda d: d.remove("x"),
            lambda d: d.connect("x", "load"),
            lambda d: d.connect("load", "x"),
            lambda d: d.disconnect("load", "add"),
            lambda d: d.cycle("x", "load"),
            lambda d: d.targets("x"),
            lambda d: d.fields("x"),
            lambda d: d.readable_keys("x"),
            lambda d: d.insert_key("x", "k"),
            lambda d: d.set_field("x", "prompt", ""),
            lambda d: d.set_condition("load", "add", ""),
            lambda d: d.condition("load", "add"),
        ],
    )
    def test_what_is_not_there_is_an_error_and_no_step(self, gesture):
        design = design_of("load", "add")
        with pytest.raises(UnknownNodeError):
            gesture(design)
        assert design.next_undo == "Add add"


class TestFields:
    def test_every_option_of_a_node_has_one(self):
        design = design_of("writer")
        options = AgentNode.__dataclass_fields__
        assert sorted(f.name for f in design.fields("writer")) == sorted(options)

    @pytest.mark.parametrize(
        ("name", "text", "value"),
        [
            ("agent", "critic", AGENTS["critic"]),
            ("description", " as typed\n", " as typed\n"),
            ("prompt", "Say {x}", "Say {x}"),
            ("prompt", "", None),
            ("input_mapping", 'a = b\n\n "c" = "d\\n=" ', {"a": "b", "c": "d\n="}),
            ("input_mapping", "nothing", {}),
            ("input_mapping", "", None),
            ("output_key", "text", "text"),
            ("output_key", "", "writer"),
            ("retry_count", " 3", 3),
            ("retry_count", "", 0),
            ("retry_backoff", "1.5", 1.5),
            ("retry_backoff", "", 0.5),
            ("timeout_seconds", "30", 30.0),
            ("timeout_seconds", "", None),
            ("on_error", "skip", "skip"),
            ("resource", "gpu", "gpu"),
            ("resource", "", None),
            ("thread", "false", False),
        ],
    )
    def test_a_text_becomes_a_value_and_the_value_a_text_again(self, name, text, value):
        design = design_of("writer")
        design.set_field("writer", name, text)
        assert getattr(design.dag.nodes["writer"], name) == value
        assert design.problems() == [] or name == "prompt"
        shown = field(design, "writer", name).value
        design.set_field("writer", name, shown)
        assert getattr(design.dag.nodes["writer"], name) == value

    @pytest.mark.parametrize(
        ("name", "text", "sentence"),
        [
            ("name", "", "a node needs a name"),
            ("name", "load", "there is a node 'load' already"),
            ("agent", "nobody", "'nobody' is not in the palette"),
            ("prompt", "{", "a brace that names no key"),
            ("input_mapping", "a", "'a' is not a line like: parameter = key"),
            ("input_mapping", "a = b\na = c", "two lines name the parameter 'a'"),
            ("input_mapping", 'a = "\\x"', "the quotes in"),
            ("retry_count", "-1", "a whole number of 0 or more"),
            ("retry_count", "1.5", "'1.5' is no whole number"),
            ("retry_backoff", "nan", "a number of seconds of 0 or more"),
            ("timeout_seconds", "0", "a number of seconds above 0"),
            ("timeout_seconds", "soon" * 50, "is no number of seconds"),
            ("on_error", "never", "'never' is none of fail, skip, continue"),
            ("thread", "maybe", "'maybe' is none of true, false"),
        ],
    )
    def test_a_bad_text_stays_in_its_field_with_a_sentence_and_out_of_the_dag(
        self, name, text, sentence
    ):
        design = design_of("load", "writer")
        before = design.dag
        design.set_field("writer", name, text)
        shown = field(design, "writer", name)
        assert (shown.value, sentence in shown.problem) == (text, True)
        assert [p[:3] for p in design.problems()] == [("writer", None, name)]
        assert design.dag is before
        design.undo()
        assert design.problems() == []

    def test_a_good_text_takes_the_place_of_a_bad_one(self):
        design = design_of("writer")
        for text in ("x", "2"):
            design.set_field("writer", "retry_count", text)
        assert design.problems() == []
        design.set_field("writer", "retry_count", "x")
        design.set_field("writer", "retry_count", "2")
        assert (field(design, "writer", "retry_count").value, design.problems()) == ("2", [])

    def test_what_was_refused_because_of_another_field_is_read_again(self):
        design = design_of("writer")
        design.set_field("writer", "input_mapping", "task = topic")
        design.set_field("writer", "prompt", "About {topic}")
        assert "both prompt and input_mapping" in field(design, "writer", "prompt").problem
        design.set_field("writer", "input_mapping", "")
        assert design.dag.nodes["writer"].prompt == "About {topic}"
        assert design.problems() == []

    def test_a_new_name_takes_what_was_typed_along(self):
        design = design_of("load", "add")
        design.connect("load", "add")
        design.set_condition("load", "add", "(")
        design.set_field("load", "retry_count", "x")
        design.set_field("load", "name", "read")
        assert [p[:3] for p in design.problems()[:2]] == [
            ("read", ("read", "add"), "condition"),
            ("read", None, "retry_count"),
        ]
        assert (design.dag.nodes["read"].key, design.dag.edges[0].source) == ("read", "read")

    def test_an_output_key_of_its_own_stays_when_the_name_changes(self):
        design = design_of("load")
        design.set_field("load", "output_key", "numbers")
        design.set_field("load", "name", "read")
        assert design.dag.nodes["read"].key == "numbers"

    def test_a_node_has_no_other_fields(self):
        with pytest.raises(OptionError, match="no field 'colour'"):
            design_of("load").set_field("load", "colour", "red")

    def test_a_nested_dag_is_its_own_choice(self):
        dag = AgentDAG("d")
        dag.add_node("inner", AgentDAG("load"))
        shown = field(design_of(dag=dag), "inner", "agent")
        assert (shown.value, shown.choices) == (
            "load_2",
            ("writer", "critic", "load", "add", "load_2"),
        )

    def test_lines_of_a_mapping_are_read_as_they_were_written(self):
        odd = {'"': "", " a": "b ", "=": "x=y", "new\nline": "\ud800", "nothing": "nothing"}
        assert mapping_text.read(mapping_text.written(odd)) == odd


class TestConditions:
    def edge(self, condition=None, label=""):
        dag = AgentDAG("d")
        dag.add_node("load", load)
        dag.add_node("add", add)
        dag.add_edge("load", "add", condition, label=label)
        return Design(dag)

    def test_a_text_becomes_an_expression_and_no_text_none(self):
        design = self.edge(label="many")
        design.set_condition("load", "add", " len(load) > 2 ")
        edge = design.dag.edges[0]
        assert (edge.condition, edge.label) == (Expression("len(load) > 2"), "many")
        assert design.condition("load", "add").value == "len(load) > 2"
        design.set_condition("load", "add", " ")
        assert design.dag.edges[0].condition is None

    def test_a_bad_one_stays_on_the_edge_with_a_sentence(self):
        design = self.edge()
        design.set_condition("load", "add", "load.x")
        shown = design.condition("load", "add")
        assert (shown.value, "'load.x' is not allowed" in shown.problem) == ("load.x", True)
        assert [p[:3] for p in design.problems()] == [("load", ("load", "add"), "condition")]
        design.set_condition("load", "add", "")
        assert design.problems() == []

    def test_a_key_that_comes_too_late_is_a_problem_of_the_edge(self):
        design = self.edge("add > 1")
        assert [p[:3] for p in design.problems()] == [("load", ("load", "add"), "condition")]
        assert "'add' does not come before it" in design.condition("load", "add").problem

    def test_a_function_is_named_until_an_expression_takes_its_place(self):
        design = self.edge(is_big)
        shown = design.condition("load", "add")
        assert (shown.value, "is_big decides" in shown.help) == ("", True)
        design.set_condition("load", "add", "load")
        assert design.dag.edges[0].condition == Expression("load")

    def test_an_edge_of_a_branch_is_left_to_its_router(self):
        dag = AgentDAG("d")
        dag.add_node("load", load)
        dag.add_node("add", add)
        dag.add_branch("load", "len(load)", {3: "add"})
        design = Design(dag)
        design.set_condition("load", "add", "load")
        assert "a router after 'load' decides" in design.condition("load", "add").problem
        assert rebuilt(design).to_json(**design.registries) == design.to_json()


class TestKeys:
    def test_a_node_may_read_its_ancestors_and_what_nobody_writes(self):
        design = design_of("load", "add", "writer", "critic")
        design.connect("load", "add")
        design.connect("add", "writer")
        design.set_field("critic", "prompt", "About {topic}")
        assert design.readable_keys("writer") == ["load", "add", "topic"]
        assert design.readable_keys("load") == ["topic"]

    def test_a_key_goes_into_the_prompt(self):
        design = design_of("writer")
        design.insert_key("writer", "my topic")
        design.insert_key("writer", "b", at=0)
        design.insert_key("writer", "c", at=99)
        assert design.dag.nodes["writer"].prompt == "{b}{my topic}{c}"
        assert design.next_undo == "Insert {c}"

    def test_it_goes_into_the_text_that_was_typed_last_even_if_that_is_no_prompt(self):
        design = design_of("writer")
        design.set_field("writer", "prompt", "a } b")
        design.insert_key("writer", "k", at=4)
        assert field(design, "writer", "prompt").value == "a } {k}b"

    @pytest.mark.parametrize("key", ["", "{", "a}"])
    def test_a_key_that_no_prompt_can_name_is_refused(self, key):
        with pytest.raises(PromptError, match="input mapping"):
            design_of("writer").insert_key("writer", key)


class TestProblems:
    def test_shared_keys_are_a_problem_of_each_writer(self):
        design = design_of("load", "writer")
        design.set_field("writer", "output_key", "load")
        assert [(p.node, p.field) for p in design.problems()] == [
            ("load", "output_key"),
            ("writer", "output_key"),
        ]
        assert "write the same key 'load'" in field(design, "writer", "output_key").problem

    def test_a_prompt_that_reads_what_comes_later_is_a_problem_of_the_prompt(self):
        design = design_of("writer", "critic")
        design.set_field("writer", "prompt", "{critic}")
        assert [(p.node, p.field) for p in design.problems()] == [("writer", "prompt")]

    def test_a_parameter_that_does_not_exist_is_a_problem_of_the_mapping(self):
        design = design_of("add")
        design.set_field("add", "input_mapping", "missing = x")
        assert {(p.node, p.field) for p in design.problems()} == {("add", "input_mapping")}


class TestHistory:
    def test_steps_have_names(self):
        design = design_of("load")
        assert (design.can_undo, design.next_undo, design.can_redo) == (True, "Add load", False)
        design.undo()
        assert (design.can_undo, design.next_undo, design.next_redo) == (False, "", "Add load")

    def test_at_the_ends_nothing_happens(self):
        design = design_of()
        design.undo()
        design.redo()
        assert len(design.dag) == 0

    def test_typing_in_one_field_is_one_step(self):
        design = design_of("load")
        for text in ("1", "1x", "12"):
            design.set_field("load", "retry_count", text)
        for text in ("loa", "lo", "log"):
            design.set_field(next(iter(design.dag.nodes)), "name", text)
        assert list(design.dag.nodes) == ["log"]
        design.undo()
        assert (list(design.dag.nodes), design.dag.nodes["load"].retry_count) == (["load"], 12)
        design.undo()
        assert (design.dag.nodes["load"].retry_count, design.next_undo) == (0, "Add load")

    def test_a_step_in_between_ends_it(self):
        design = design_of("load")
        design.set_field("load", "retry_count", "1")
        design.set_field("load", "description", "d")
        design.set_field("load", "retry_count", "2")
        design.undo()
        assert design.dag.nodes["load"].retry_count == 1

    def test_typing_after_an_undo_is_a_step_of_its_own(self):
        design = design_of("load")
        design.set_field("load", "retry_count", "1")
        design.set_field("load", "description", "d")
        design.undo()
        design.set_field("load", "retry_count", "2")
        design.undo()
        assert design.dag.nodes["load"].retry_count == 1

    def test_what_changes_nothing_is_no_step(self):
        design = design_of("load")
        design.set_field("load", "retry_count", "0")
        design.set_field("load", "name", "load")
        assert design.next_undo == "Add load"

    def test_it_has_an_end(self):
        design = design_of()
        for _ in range(210):
            design.add("function", "load")
        for _ in range(300):
            design.undo()
        assert len(design.dag) == 10


class TestExample:
    def test_agents_write_an_article_together(self):
        design = design_of()
        design.example()
        assert [node.agent for node in design.dag.nodes.values()] == [*AGENTS.values()] * 2
        assert (design.problems(), design.dag.validate()) == ([], ("topic",))

    def test_functions_are_connected_by_their_names(self):
        design = Design(functions=FUNCTIONS)
        design.example()
        assert DAGExecutor(design.dag).execute()["add"] == 6

    def test_functions_that_read_one_another_are_not_both_in_it(self):
        design = Design(functions={"a": lambda b: b, "b": lambda a: a})
        design.example()
        assert list(design.dag.nodes) == ["a"]

    def test_an_empty_palette_gets_functions_and_the_code_imports_them(self):
        design = Design()
        design.example()
        assert DAGExecutor(design.dag).execute()["report"] == (
            "The sum is 31, the largest number 9."
        )
        namespace = {}
        exec(design.code(), namespace)  # noqa: S102 - the code is what is tested
        assert namespace["dag"].to_json(**design.registries) == design.to_json()
        design.undo()
        assert (len(design.dag), len(design.palette)) == (0, 4)


class TestJson:
    def test_a_bad_text_changes_nothing(self):
        design = design_of("load")
        with pytest.raises(GraphError):
            design.load_json("{")
        assert design.next_undo == "Add load"

    def test_a_good_one_is_one_step(self):
        design, other = design_of("load", "critic"), design_of("writer")
        other.set_field("writer", "retry_count", "x")
        other.load_json(design.to_json())
        assert (list(other.dag.nodes), other.problems()) == (["load", "critic"], [])
        other.undo()
        assert (list(other.dag.nodes), len(other.problems())) == (["writer"], 1)


# --- any sequence of steps ----------------------------------------------------------

HOSTILE = ["", "a", "b", "'", '"', "{", "}}", "{a}", "a\nb", "\\", "ключ", "a = b", "</script>",
           "\ud800", "nothing", "score > 0.8", "a and", "1", "-1", "1e999", "class", "dag", "\x00",
           "ﬁ", "a -> b", "functions"]  # fmt: skip
TEXT = st.sampled_from(HOSTILE) | st.text(max_size=6)
NUMBER = st.integers(0, 6)
HELD = {name: Agent() for name in ("writer", "it's", "a\n{b}", "", "class", "dag")}
HELD_FUNCTIONS = {
    "load": load,
    "sum": lambda a: a,
    'say "x"': lambda **everything: everything,
    "writer": lambda b, c=1: b,
}
OPTION = st.sampled_from(list(AgentNode.__dataclass_fields__))
STEP = st.one_of(
    st.tuples(st.just("add"), NUMBER),
    st.tuples(st.just("add"), NUMBER),
    st.tuples(st.just("remove"), NUMBER),
    st.tuples(st.just("connect"), NUMBER, NUMBER),
    st.tuples(st.just("connect"), NUMBER, NUMBER),
    st.tuples(st.just("disconnect"), NUMBER),
    st.tuples(st.just("set_condition"), NUMBER, TEXT),
    st.tuples(st.just("set_field"), NUMBER, OPTION, TEXT),
    st.tuples(st.just("set_field"), NUMBER, OPTION, TEXT),
    st.tuples(st.just("insert_key"), NUMBER, TEXT, st.none() | NUMBER),
    st.tuples(st.just("example")),
    st.tuples(st.just("load_json"), st.sampled_from(["", "[]", "{}"])),
    st.tuples(st.just("undo")),
    st.tuples(st.just("redo")),
)


def take(design, kind, *arguments):
    """Take a step; numbers stand for the nodes, edges and entries that are there."""
    nodes = list(design.dag.nodes) or ["nobody"]
    edges = [(e.source, e.target) for e in design.dag.edges] or [("no", "body")]
    number, *others = (*arguments, 0)
    if kind == "add":
        arguments = design.palette[number % len(design.palette)][:2]
    elif kind == "connect":
        arguments = nodes[number % len(nodes)], nodes[others[0] % len(nodes)]
    elif kind in ("disconnect", "set_condition"):
        arguments = (*edges[number % len(edges)], *arguments[1:])
    elif kind in ("remove", "set_field", "insert_key"):
        arguments = (nodes[number % len(nodes)], *arguments[1:])
    getattr(design, kind)(*arguments)


def look(design):
    """Ask everything that a view asks, and return what the DAG is."""
    for node in design.dag.nodes:
        for shown in design.fields(node):
            assert shown.kind != "choice" or shown.problem or shown.value in shown.choices
        design.readable_keys(node)
        for target in design.targets(node):
            assert design.cycle(node, target) == []
    for edge in design.dag.edges:
        assert design.cycle(edge.target, edge.source)[0] == edge.target
        design.condition(edge.source, edge.target)
    design.problems()
    return design.to_json()


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
@given(st.lists(STEP, max_size=25), st.booleans())
def test_any_steps_can_be_undone_done_again_and_rebuilt(steps, begins_with_a_dag):
    dag = AgentDAG("d'{\n")
    if begins_with_a_dag:
        for name in ("", "{a}", "x"):
            dag.add_node(name, load)
        dag.add_edge("", "x", is_big)
        dag.add_branch("{a}", "len(x)", {1: "x", "y": ""})
    design = Design(dag, HELD, HELD_FUNCTIONS)
    for step in steps:
        before = look(design)
        could_undo = design.next_undo
        try:
            take(design, *step)
        except LinusError:
            assert (look(design), design.next_undo) == (before, could_undo)
    while design.can_redo:
        design.redo()
    written = [look(design)]
    while design.can_undo:
        design.undo()
        written.append(look(design))
    while design.can_redo:
        written.pop()
        design.redo()
        assert look(design) == written[-1]
    assert json.loads(rebuilt(design).to_json(**design.registries)) == json.loads(written[0])
    design.load_json(written[0])
    assert design.to_json() == written[0]


@settings(deadline=None, max_examples=40)
@given(st.lists(STEP, max_size=20))
def test_each_undo_brings_back_exactly_what_was_there(steps):
    design = Design(None, HELD, HELD_FUNCTIONS)
    seen = [(design.to_json(), design.problems())]
    for step in (step for step in steps if step[0] not in ("undo", "redo")):
        last = design.next_undo, design.dag
        try:
            take(design, *step)
        except LinusError:
            assert (design.next_undo, design.dag) == last
        for _ in range(2):
            design.undo()
            design.redo()  # typing from here on is a step of its own
        now = (design.to_json(), design.problems())
        if now != seen[-1]:
            seen.append(now)
    for earlier in reversed(seen):
        while (design.to_json(), design.problems()) != earlier:
            assert design.can_undo
            design.undo()
