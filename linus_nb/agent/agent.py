"""ReasoningAgent: plans, runs tools, checks and answers, and says truthfully how it went.

Its public face. The loop is in :mod:`linus_nb.agent.loop` and the steps are in
:mod:`linus_nb.agent.steps`, written once, async; ``run`` and ``batch`` only wait for them.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from langchain_core.messages import convert_to_messages

from linus_nb.agent.concurrency import together
from linus_nb.agent.loop import AgentLoop
from linus_nb.agent.models import create_chat_model, from_config, to_config
from linus_nb.agent.offered import offer
from linus_nb.agent.response import AgentResponse, CompletionStatus, StepRecord
from linus_nb.agent.schemas import Shape, task_text
from linus_nb.agent.serving.slots import DEFAULT_MAX_PARALLEL
from linus_nb.agent.streaming import stream_events
from linus_nb.awake import keep_awake
from linus_nb.blocking import run_blocking
from linus_nb.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import (
        AsyncIterator,
        Callable,
        Iterable,
        Mapping,
        MutableMapping,
        Sequence,
    )

    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import MessageLikeRepresentation
    from langchain_core.tools import BaseTool

    from linus_nb.agent.calls import ModelSource
    from linus_nb.agent.offered import ToolTimeout
    from linus_nb.agent.schemas import Task
    from linus_nb.agent.serving.timeouts import TimeoutOption
    from linus_nb.events import Event

__all__ = [
    "AgentResponse",
    "CompletionStatus",
    "ReasoningAgent",
    "StepRecord",
    "create_gemma_agent",
]


GivenTool: TypeAlias = "BaseTool | Callable[..., object]"
History: TypeAlias = "Sequence[MessageLikeRepresentation] | None"

_OPTIONS = (
    "instructions", "max_iterations", "input_schema", "output_schema", "output_key", "verbose",
    "tool_timeout",
)  # fmt: skip


class ReasoningAgent(AgentLoop):
    """An agent: a chat model with tools, a loop, and an honest account of what it did.

    Parameters
    ----------
    llm : BaseChatModel or ModelSource
        Any LangChain chat model, or what ``create_chat_model`` returns.
    tools : iterable of BaseTool or function, optional
        What the agent may use. Without tools it answers directly.
    instructions : str, optional
        Who this agent is; its system prompt.
    max_iterations : int
        The most rounds of plan, execute and check; at least 1.
    input_schema : type, optional
        What a task has to be; checked before the model is called.
    output_schema : type, optional
        A pydantic model, ``Literal[...]``, an enum or a builtin type. The result is a
        validated instance of it.
    output_key : str, optional
        The key under which the result is put into ``state``.
    state : mutable mapping, optional
        Where the result is put, such as a ``SharedState``.
    verbose : bool
        Log each step at level INFO of the logger ``linus_nb`` (else DEBUG).
    tool_timeout : float or mapping of str to float, optional
        The most seconds that a call of any tool may take, or of the tools that are named; a
        call that takes longer is a failed step.

    Examples
    --------
    >>> from langchain_core.language_models import FakeListChatModel
    >>> agent = ReasoningAgent(FakeListChatModel(responses=["Paris"]))
    >>> response = agent.run("What is the capital of France?")
    >>> response.result, response.completion_status["is_complete"]
    ('Paris', True)
    """

    def __init__(
        self,
        llm: BaseChatModel | ModelSource,
        tools: Iterable[GivenTool] | None = None,
        *,
        instructions: str | None = None,
        max_iterations: int = 10,
        input_schema: Any = None,
        output_schema: Any = None,
        output_key: str | None = None,
        state: MutableMapping[str, Any] | None = None,
        verbose: bool = False,
        tool_timeout: ToolTimeout = None,
    ) -> None:
        if max_iterations < 1:
            raise OptionError(
                f"max_iterations={max_iterations!r} is below 1", hint="max_iterations=10"
            )
        if state is not None and output_key is None:
            raise OptionError(
                "state is given but no output_key, so nothing would be put into it",
                hint='ReasoningAgent(llm, state=state, output_key="answer")',
            )
        self.llm = llm
        self.instructions = instructions
        self.max_iterations = max_iterations
        self.output_key = output_key
        self.state = state
        self.verbose = verbose
        self.tool_timeout = tool_timeout
        self.input_schema = input_schema
        self.output_schema = output_schema
        self._given = tuple(tools or ())
        self._offered = offer(self._given, tool_timeout)
        self._input = None if input_schema is None else Shape(input_schema, "input_schema")
        # An answer is text anyway, so `str` asks for nothing more.
        wants_text = output_schema is None or output_schema is str
        self._output = None if wants_text else Shape(output_schema, "output_schema")

    @property
    def tools(self) -> list[BaseTool]:
        """The tools, in the order in which they were given."""
        return [offered.tool for offered in self._offered.values()]

    async def arun(
        self,
        task: Task,
        return_metrics: bool = True,  # noqa: FBT001, FBT002  # positional in the seed's samples
        *,
        history: History = None,
    ) -> Any:
        """Do a task.

        Parameters
        ----------
        task : str, dict or pydantic model
            What to do; a dict or model is given to the model as JSON.
        return_metrics : bool
            Return the whole AgentResponse; with False only its ``result``.
        history : sequence of messages, optional
            The conversation before the task; the agent itself remembers nothing.

        Returns
        -------
        AgentResponse or object
            The response, or its bare result.

        Raises
        ------
        InvalidTaskError
            If the task does not fit ``input_schema``.
        AgentError
            If no answer can be had; ``.response`` holds what there is so far.
        """
        text = task_text(task, self._input)
        with keep_awake():
            try:
                response = await self._arespond(text, tuple(convert_to_messages(history or ())))
            except asyncio.CancelledError as error:
                # Afresh: a notebook would draw some forty frames of an HTTP client, in 0.3 s.
                raise asyncio.CancelledError(*error.args) from None
        if self.state is not None and self.output_key is not None:
            self.state[self.output_key] = response.result
        return response if return_metrics else response.result

    def run(
        self,
        task: Task,
        return_metrics: bool = True,  # noqa: FBT001, FBT002  # positional in the seed's samples
        *,
        history: History = None,
    ) -> Any:
        """Do a task and wait for it; see :meth:`arun`."""
        return run_blocking(self.arun(task, return_metrics, history=history))

    async def abatch(
        self,
        tasks: Iterable[Task],
        max_concurrency: int = 10,
        return_exceptions: bool = False,  # noqa: FBT001, FBT002  # as in LangChain's abatch
    ) -> list[Any]:
        """Do many tasks, at most ``max_concurrency`` at once; responses in the tasks' order.

        With ``return_exceptions`` an error stands in its task's place; without, the first
        one is raised and what still runs is cancelled.
        """
        if max_concurrency < 1:
            raise OptionError(
                f"max_concurrency={max_concurrency!r} is below 1", hint="max_concurrency=10"
            )
        slots = asyncio.Semaphore(max_concurrency)

        async def run_in_slot(task: Task) -> object:
            async with slots:
                return await self.arun(task)

        return await together(map(run_in_slot, tasks), return_exceptions=return_exceptions)

    def batch(
        self,
        tasks: Iterable[Task],
        max_concurrency: int = 10,
        return_exceptions: bool = False,  # noqa: FBT001, FBT002  # as in LangChain's batch
    ) -> list[Any]:
        """Do many tasks and wait for them; see :meth:`abatch`."""
        return run_blocking(self.abatch(tasks, max_concurrency, return_exceptions))

    def astream(self, task: Task, *, history: History = None) -> AsyncIterator[Event]:
        """Do a task and give its events; the last is AgentFinished with the response.

        An error of the agent is raised after the last event. Leaving early cancels the run.
        """
        return stream_events(lambda: self.arun(task, history=history))

    def to_config(self) -> dict[str, Any]:
        """Return what :meth:`from_config` builds the agent from again, without its tools."""
        return {"llm": to_config(self.llm), **{name: getattr(self, name) for name in _OPTIONS}}

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], tools: Iterable[GivenTool] | None = None
    ) -> ReasoningAgent:
        """Build the agent that :meth:`to_config` described.

        Examples
        --------
        >>> agent = create_gemma_agent(model="gemma3:1b", backend="ollama", max_iterations=3)
        >>> ReasoningAgent.from_config(agent.to_config()).max_iterations
        3
        """
        options = dict(config)
        return cls(from_config(options.pop("llm")), tools, **options)

    def __reduce__(self) -> tuple[Callable[..., ReasoningAgent], tuple[object, ...]]:
        """Travel as model, tools and options: clients and locks stay where they are."""
        options = {name: getattr(self, name) for name in (*_OPTIONS, "state")}
        return partial(type(self), **options), (self.llm, self._given)


def create_gemma_agent(
    *,
    tools: Iterable[GivenTool] | None = None,
    instructions: str | None = None,
    model: str | None = None,
    api_base: str | None = None,
    temperature: float | None = 0.7,
    max_tokens: int | None = None,
    top_p: float | None = None,
    top_k: int | None = None,
    num_ctx: int | None = None,
    seed: int | None = None,
    keep_alive: int | str | None = None,
    timeout: TimeoutOption = None,
    backend: str = "auto",
    max_parallel: int = DEFAULT_MAX_PARALLEL,
    small: bool | None = None,
    **options: Any,
) -> ReasoningAgent:
    """Return an agent on a local model: Ollama's, or the embedded one where none answers.

    Parameters
    ----------
    tools, instructions, **options
        As for :class:`ReasoningAgent`.
    model, api_base, ..., small
        As for :func:`~linus_nb.agent.models.create_chat_model`.

    Examples
    --------
    >>> agent = create_gemma_agent(model="gemma3:1b", backend="ollama", max_iterations=3)
    >>> agent.llm.model, agent.max_iterations
    ('gemma3:1b', 3)
    """
    llm = create_chat_model(
        model=model, api_base=api_base, temperature=temperature, max_tokens=max_tokens,
        top_p=top_p, top_k=top_k, num_ctx=num_ctx, seed=seed, keep_alive=keep_alive,
        timeout=timeout, backend=backend, max_parallel=max_parallel, small=small,
    )  # fmt: skip
    return ReasoningAgent(llm, tools, instructions=instructions, **options)
