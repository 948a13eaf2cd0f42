"""What goes in and out of an agent, as types: the task, the answer, a tool's arguments."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

from pydantic import BaseModel, PydanticUserError, TypeAdapter, ValidationError

from linus_nb.agent.json_values import json_values
from linus_nb.agent.replies import read_value, without_thinking
from linus_nb.agent.toolbox.running import check_arguments
from linus_nb.errors import InvalidTaskError, OptionError, ToolError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_core.tools import BaseTool

    from linus_nb.agent.json_values import JsonValue
    from linus_nb.agent.replies import Accept
    from linus_nb.agent.tool_calls import Arguments

Task: TypeAlias = "str | Mapping[str, object] | BaseModel"
JsonSchema: TypeAlias = "dict[str, object]"

_WRAPPED = "answer"


class Shape:
    """A type that a task or an answer has to fit.

    Parameters
    ----------
    kind : type
        A pydantic model, a ``Literal[...]``, an enum or a builtin type.
    option : str
        The argument that gave it, for the error message.

    Examples
    --------
    >>> shape = Shape(int, "output_schema")
    >>> shape.read('{"answer": 714}')
    714
    >>> shape.schema["required"]
    ['answer']
    """

    def __init__(self, kind: Any, option: str) -> None:
        self.kind = kind
        try:
            self._adapter: TypeAdapter[object] = TypeAdapter(kind)
            inner = self._adapter.json_schema()
        except (PydanticUserError, TypeError) as error:
            raise OptionError(
                f"{option}={kind!r} is no type that an answer can be checked against",
                hint=f"{option}=a pydantic model, Literal[...], an Enum or a builtin type",
            ) from error
        self._wrapped = inner.get("type") != "object" and "$ref" not in inner
        self.schema: JsonSchema = _wrap(inner) if self._wrapped else {"title": "Answer", **inner}

    def validate(self, value: object) -> object:
        """Return ``value`` as an instance of the type, or raise ValueError saying why not."""
        try:
            return self._adapter.validate_python(value)
        except ValidationError as error:
            raise ValueError(complaint(error)) from error

    def read(self, text: str) -> object:
        """Return the instance that a model's reply holds, or raise NoAnswerError."""
        bare = without_thinking(text).strip("`\"' \n")
        if self._wrapped and bare:
            try:
                return self.validate(bare)
            except ValueError:
                pass
        return read_value(text, self._unwrap)

    def _unwrap(self, value: JsonValue) -> object:
        if self._wrapped and isinstance(value, dict) and _WRAPPED in value:
            return self.validate(value[_WRAPPED])
        return self.validate(value)


def complaint(error: ValidationError) -> str:
    """Return what is wrong, one line: ``field: reason; field: reason``."""
    faults = error.errors(include_url=False, include_context=False)
    return "; ".join(
        f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" if fault["loc"] else fault["msg"]
        for fault in faults[:5]
    )


def task_text(task: Task, shape: Shape | None) -> str:
    """Return the task as the text that the model reads.

    Parameters
    ----------
    task : str, dict or pydantic model
        The task; what is no string becomes JSON.
    shape : Shape or None
        The agent's ``input_schema``.

    Raises
    ------
    InvalidTaskError
        If the task is empty, of another type, or does not fit the schema.

    Examples
    --------
    >>> task_text({"city": "Graz"}, None)
    '{"city": "Graz"}'
    """
    value: object = task
    if shape is not None:
        value = _validated_task(task, shape)
    if isinstance(value, BaseModel):
        return value.model_dump_json()
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    if not text.strip():
        raise InvalidTaskError("the task is empty", hint='agent.run("what to do")')
    return text


def _validated_task(task: Task, shape: Shape) -> object:
    """Return the task as the schema's instance; text may also be the JSON of one."""
    readings: list[object] = [task]
    if isinstance(task, BaseModel) and type(task) is not shape.kind:
        readings = [task.model_dump()]
    elif isinstance(task, str):
        readings += json_values(task)
    faults = []
    for value in readings:
        try:
            return shape.validate(value)
        except ValueError as error:
            faults.append(error)
    raise InvalidTaskError(
        f"the task {task!r:.200} does not fit input_schema {shape.kind!r}: {faults[-1]}",
        hint="pass what the schema asks for, or leave input_schema out",
    ) from faults[-1]


def argument_schema(tool: BaseTool) -> JsonSchema:
    """Return the JSON schema of the arguments that a model has to give to ``tool``."""
    model = _argument_model(tool)
    if model is not None:
        return model.model_json_schema()
    schema = tool.tool_call_schema
    return dict(schema) if isinstance(schema, dict) else tool.get_input_jsonschema()


def acceptance(tool: BaseTool) -> Accept:
    """Return the function that says whether arguments suit ``tool``.

    Keys that the tool does not know are dropped, unless it knows none of them: such a
    reply was about something else.
    """
    known = tuple(tool.args)

    def accept(arguments: Arguments) -> Arguments:
        taken = {key: value for key, value in arguments.items() if key in known}
        if arguments and not taken:
            raise ValueError(f"{tool.name} takes {', '.join(known) or 'no arguments'}")
        try:
            check_arguments(tool, taken)
        except ToolError as error:
            raise ValueError(str(error)) from error
        return taken

    return accept


def _argument_model(tool: BaseTool) -> type[BaseModel] | None:
    schema: object = tool.tool_call_schema
    return schema if isinstance(schema, type) and issubclass(schema, BaseModel) else None


def _wrap(inner: JsonSchema) -> JsonSchema:
    definitions = inner.pop("$defs", None)
    schema: JsonSchema = {
        "title": "Answer",
        "type": "object",
        "properties": {_WRAPPED: inner},
        "required": [_WRAPPED],
    }
    return {**schema, "$defs": definitions} if definitions else schema
