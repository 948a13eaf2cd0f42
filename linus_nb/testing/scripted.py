"""A chat model that replays a script."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeAlias

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.output_parsers import JsonOutputParser, PydanticOutputParser
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable, RunnableMap, RunnablePassthrough
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import BaseModel, PrivateAttr

from linus_nb.errors import OptionError
from linus_nb.testing.steps import Replies, Script, Step, pieces

if TYPE_CHECKING:
    from langchain_core.callbacks import (
        AsyncCallbackManagerForLLMRun,
        CallbackManagerForLLMRun,
    )
    from langchain_core.language_models import LanguageModelInput

Schema: TypeAlias = Mapping[str, Any] | str


@dataclass(frozen=True)
class RecordedCall:
    """What a scripted model was asked.

    Parameters
    ----------
    messages : tuple of BaseMessage
        The messages.
    format : mapping, str or None
        The schema (or "json") that the reply has to follow.
    options : mapping
        Every other keyword of the call, and the model's temperature.
    """

    messages: tuple[BaseMessage, ...]
    format: Schema | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def last_text(self) -> str:
        """The text of the last message."""
        return str(self.messages[-1].text) if self.messages else ""


class ScriptedModel(BaseChatModel, AbstractContextManager["ScriptedModel"]):
    """A LangChain chat model that gives scripted replies and records what it was asked.

    Parameters
    ----------
    replies : sequence, mapping or callable
        A sequence of texts, dicts (said as JSON), exceptions (raised) and :class:`Step`; each call
        takes the first one left that is for it. A mapping from a regular expression to such a
        sequence: replies for calls whose last message matches, for agents that run at the same
        time. A callable: gets the messages and returns a reply, at every call.
    model : str
        The name that stands on its replies.
    temperature : float, optional
        Recorded with each call.

    Raises
    ------
    ScriptError
        At a call for which there is no step; and at the end of a ``with`` block, or from
        :meth:`assert_finished`, if steps are left or such a call was made.

    Examples
    --------
    >>> with ScriptedModel(["four", {"answer": 4}]) as model:
    ...     model.invoke("2 + 2?").content, model.invoke("as JSON").content
    ('four', '{"answer": 4}')
    >>> [call.last_text for call in model.calls]
    ['2 + 2?', 'as JSON']
    """

    model: str = "scripted"
    temperature: float | None = None
    _script: Script = PrivateAttr()
    _calls: list[RecordedCall] = PrivateAttr(default_factory=list)
    _lock: Any = PrivateAttr(default_factory=threading.Lock)

    def __init__(self, replies: Replies, **fields: Any) -> None:
        super().__init__(**fields)
        self._script = Script(replies)

    def __reduce__(self) -> tuple[Callable[..., ScriptedModel], tuple[Replies]]:
        """Travel, to a worker of a cluster for example, as the steps that are left."""
        fields = {name: getattr(self, name) for name in self.model_fields_set}
        return partial(type(self), **fields), (self._script.left,)

    @property
    def calls(self) -> tuple[RecordedCall, ...]:
        """The calls so far, in order."""
        with self._lock:
            return tuple(self._calls)

    def assert_finished(self) -> None:
        """Raise ScriptError unless every step was asked for and every call had one."""
        self._script.assert_finished()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.assert_finished()

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(
        self, tools: Sequence[Any], **options: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Bind tools; they are recorded in each call's ``options["tools"]``."""
        described = [
            convert_to_openai_tool(tool) if isinstance(tool, BaseTool) or callable(tool) else tool
            for tool in tools
        ]
        return self.bind(tools=described, **options)

    def with_structured_output(
        self, schema: Any, *, include_raw: bool = False, **_: Any
    ) -> Runnable[LanguageModelInput, Any]:
        """Ask for a reply that follows ``schema``; it is recorded as the call's ``format``."""
        is_model = isinstance(schema, type) and issubclass(schema, BaseModel)
        asked = self.bind(format=schema.model_json_schema() if is_model else schema)
        parser: Runnable[Any, Any] = (
            PydanticOutputParser(pydantic_object=schema) if is_model else JsonOutputParser()
        )
        if not include_raw:
            return asked | parser
        parsed = RunnablePassthrough.assign(
            parsed=itemgetter("raw") | parser, parsing_error=lambda _: None
        )
        unread = RunnablePassthrough.assign(parsed=lambda _: None)
        return RunnableMap(raw=asked) | parsed.with_fallbacks(
            [unread], exception_key="parsing_error"
        )

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002 - LangChain's signature
        **options: Any,
    ) -> ChatResult:
        step = self._begin(messages, stop, options)
        time.sleep(_seconds(step))
        return self._result(step)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,  # noqa: ARG002 - as above
        **options: Any,
    ) -> ChatResult:
        step = self._begin(messages, stop, options)
        await asyncio.sleep(_seconds(step))
        return self._result(step)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **options: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        step = self._begin(messages, stop, options)
        for index, piece in enumerate(pieces(step.said)):
            await asyncio.sleep(step.delay if index == 0 else step.piece_delay or 0)
            if run_manager is not None:
                await run_manager.on_llm_new_token(piece)
            yield ChatGenerationChunk(message=AIMessageChunk(content=piece))
        last = self._message(step)
        yield ChatGenerationChunk(
            message=AIMessageChunk(
                content="",
                tool_calls=last.tool_calls,
                usage_metadata=last.usage_metadata,
                response_metadata=last.response_metadata,
                chunk_position="last",
            )
        )

    def _begin(
        self, messages: list[BaseMessage], stop: list[str] | None, options: dict[str, Any]
    ) -> Step:
        recorded = {"temperature": self.temperature} | options
        if stop:
            recorded["stop"] = stop
        call = RecordedCall(tuple(messages), recorded.pop("format", None), recorded)
        with self._lock:
            self._calls.append(call)
        step = self._script.take(messages, call.last_text)
        if step.fault is not None:
            raise OptionError(
                f"a scripted model has no server that could be {step.fault!s}",
                hint="use FakeOllama, or Step(error=ConnectionError(...))",
            )
        return step

    def _result(self, step: Step) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._message(step))])

    def _message(self, step: Step) -> AIMessage:
        """Return the whole message of a step, or raise what the step raises."""
        if step.error is not None:
            raise step.error
        return AIMessage(
            content=step.said,
            tool_calls=[
                {"name": call["name"], "args": call.get("args", {}), "id": f"call_{index}"}
                for index, call in enumerate(step.tool_calls)
            ],
            usage_metadata=_usage(step),
            response_metadata={
                "model_name": self.model,
                "done": True,
                "done_reason": step.done_reason,
            },
        )


def _seconds(step: Step) -> float:
    return step.delay + (step.piece_delay or 0) * max(0, len(pieces(step.said)) - 1)


def _usage(step: Step) -> UsageMetadata | None:
    if step.input_tokens is None or step.output_tokens is None:
        return None
    return UsageMetadata(
        input_tokens=step.input_tokens,
        output_tokens=step.output_tokens,
        total_tokens=step.input_tokens + step.output_tokens,
    )
