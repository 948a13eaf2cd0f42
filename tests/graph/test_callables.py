"""Everything that can be an agent is called the right way."""
# ruff: noqa: PLW0108 - that a function takes parameters of these names is what is tested

import asyncio
import contextvars
import functools
import threading

import pytest
from graph_makers import dag_of, one_node
from langchain_core.language_models.fake_chat_models import FakeListChatModel, ParrotFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda, RunnablePassthrough

from linus_nb.graph import AgentDAG, AgentNode, DAGExecutor


async def plus_one_async(x):
    await asyncio.sleep(0)
    return x + 1


def plus_one(x):
    return x + 1


class Callable:
    def __call__(self, x):
        return x + 1


class AsyncCallable:
    async def __call__(self, x):
        await asyncio.sleep(0)
        return x + 1


class Methods:
    def plain(self, x):
        return x + 1

    async def asynchronous(self, x):
        return x + 1

    @staticmethod
    def static(x):
        return x + 1

    @classmethod
    def of_class(cls, x):
        return x + 1


@functools.wraps(plus_one_async)
def wrapper_of_async(*args, **kwargs):
    return plus_one_async(*args, **kwargs)


class Record:
    def __init__(self, x):
        self.x = x

    def __eq__(self, other):
        return self.x + 1 == other

    __hash__ = None


CALLABLES = {
    "function": plus_one,
    "async function": plus_one_async,
    "lambda": lambda x: x + 1,
    "partial": functools.partial(lambda y, x: x + y, 1),
    "partial of async": functools.partial(plus_one_async),
    "callable object": Callable(),
    "async callable object": AsyncCallable(),
    "partial of async callable object": functools.partial(AsyncCallable()),
    "bound method": Methods().plain,
    "bound async method": Methods().asynchronous,
    "static method": Methods.static,
    "class method": Methods.of_class,
    "sync wrapper of an async function": wrapper_of_async,
    "lambda that returns a coroutine": lambda x: plus_one_async(x),
    "class": Record,
}


@pytest.mark.parametrize("agent", CALLABLES.values(), ids=CALLABLES.keys())
@pytest.mark.parametrize("thread", [True, False], ids=["thread", "loop"])
def test_a_callable_of_every_kind_gets_its_parameter(agent, thread):
    result = one_node(agent, {"x": 1, "other": 0}, thread=thread).raise_for_status()
    assert result["n"] == 2


class Arun:
    async def arun(self, task):
        return f"arun {task}"

    def run(self, task):
        raise AssertionError("arun comes first")


class Ainvoke:
    async def ainvoke(self, given):
        return ("ainvoke", given)

    def invoke(self, given):
        raise AssertionError("ainvoke comes first")


class Run:
    def run(self, task):
        return f"run {task} in {threading.current_thread().name}"


class Invoke:
    def invoke(self, given):
        return ("invoke", given)


class AsyncRun:
    async def run(self, task):
        return f"run {task}"


def test_arun_gets_the_description_and_what_is_known():
    result = one_node(Arun(), {"city": "Oslo"}, description="Describe the city.")
    assert result["n"] == "arun Describe the city.\n\ncity: Oslo"


def test_arun_gets_a_mapped_task_as_it_is():
    assert one_node(Arun(), {"q": "why?"}, input_mapping={"task": "q"})["n"] == "arun why?"


def test_arun_gets_a_dict_for_any_other_mapping():
    result = one_node(Arun(), {"q": "why?"}, input_mapping={"question": "q"})
    assert result["n"] == "arun {'question': 'why?'}"


def test_arun_with_an_empty_mapping_gets_its_description_alone():
    result = one_node(Arun(), {"q": "why?"}, input_mapping={}, description="Think.")
    assert result["n"] == "arun Think."


def test_arun_with_a_prompt_gets_the_prompt():
    assert one_node(Arun(), {"q": "why?"}, prompt="Tell {q}")["n"] == "arun Tell why?"


def test_run_works_in_a_thread_of_its_own():
    result = one_node(Run(), prompt="x")
    assert result["n"].startswith("run x in linus_nb-node-")
    assert result.nodes["n"].attempts[0].worker == "thread"


def test_a_run_that_is_async_is_awaited():
    assert one_node(AsyncRun(), prompt="x")["n"] == "run x"


def test_ainvoke_and_invoke_get_a_dict_of_what_may_be_read():
    assert one_node(Ainvoke(), {"a": 1})["n"] == ("ainvoke", {"a": 1})
    assert one_node(Invoke(), {"a": 1})["n"] == ("invoke", {"a": 1})


def test_a_langchain_runnable_gets_a_dict():
    chain = RunnablePassthrough.assign(total=lambda given: given["a"] + given["b"])
    assert one_node(chain, {"a": 1, "b": 2})["n"] == {"a": 1, "b": 2, "total": 3}


def test_a_langchain_runnable_gets_the_mapped_dict():
    chain = RunnableLambda(lambda given: given["x"] * 2)
    assert one_node(chain, {"a": 4}, input_mapping={"x": "a"})["n"] == 8


def test_a_chat_model_gets_text_and_its_output_is_the_text():
    result = one_node(ParrotFakeChatModel(), {"a": 1}, description="Repeat.")
    assert result["n"] == "Repeat.\n\na: 1"


def test_a_chat_model_gets_its_mapping_as_labelled_text():
    result = one_node(
        ParrotFakeChatModel(), {"a": 1}, description="Repeat.", input_mapping={"number": "a"}
    )
    assert result["n"] == "Repeat.\n\nnumber: 1"


def test_the_whole_message_of_a_model_stays_on_the_node_result():
    result = one_node(FakeListChatModel(responses=["hi"]), prompt="x")
    assert result["n"] == "hi"
    assert isinstance(result.nodes["n"].response, AIMessage)


def test_an_agent_is_shown_its_direct_predecessors_outputs_only():
    dag = dag_of({"a": lambda: "first", "b": lambda a: "second"}, ["a b"])
    dag.add_node(AgentNode("c", Arun(), description="Sum up."))
    dag.add_edge("b", "c")
    result = DAGExecutor(dag).execute({"city": "Oslo"})
    assert result["c"] == "arun Sum up.\n\ncity: Oslo\nb: second"


def test_an_agent_is_shown_a_frame_as_shape_dtypes_and_head():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"n": range(100)})
    text = one_node(Arun(), {"f": frame}, description="Look.")["n"]
    assert "table of 100 rows x 1 columns (n: int64)" in text
    assert len(text) < 200


def test_an_agents_response_gives_its_result_and_stays_on_the_node_result():
    class Response:
        result = "answer"
        completion_status = "complete"
        metrics = "metrics"

    class Agent:
        async def arun(self, task):
            return Response()

    node = one_node(Agent(), prompt="x").nodes["n"]
    assert node.output == "answer"
    assert isinstance(node.response, Response)
    assert node.metrics == "metrics"


def test_a_frame_whose_columns_look_like_a_response_is_an_output():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"result": [1], "completion_status": [True]})
    assert list(one_node(lambda: frame)["n"].columns) == ["result", "completion_status"]


def test_a_dag_is_called_with_its_input_as_initial_state():
    inner = dag_of({"double": lambda x: 2 * x})
    assert one_node(inner, {"x": 4})["n"] == 8


def test_a_builtin_without_a_readable_signature_gets_nothing():
    assert one_node(dict, {"a": 1})["n"] == {}


def test_a_sync_node_sees_the_callers_context_variables():
    variable = contextvars.ContextVar("variable", default="unset")
    variable.set("set")
    assert one_node(lambda: variable.get())["n"] == "set"


def test_a_node_does_not_see_the_context_variables_of_the_node_before_it():
    variable = contextvars.ContextVar("variable", default="unset")

    async def first():
        variable.set("of first")

    async def second():
        return variable.get()

    dag = dag_of({"first": first, "second": second}, ["first second"])
    assert DAGExecutor(dag).execute()["second"] == "unset"


def test_a_node_that_is_not_async_stays_on_the_loop_if_asked():
    dag = AgentDAG("d")
    dag.add_node(AgentNode("n", lambda: threading.current_thread().name, thread=False))

    async def run():
        return await DAGExecutor(dag).aexecute()

    assert asyncio.run(run())["n"] == threading.main_thread().name
