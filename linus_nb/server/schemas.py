"""What goes over the wire, as the API's description (OpenAPI) tells it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from linus_nb.server.problems import MEDIA_TYPE
from linus_nb.server.streaming import EVENT_STREAM

Responses = dict[int | str, dict[str, Any]]


class HistoryMessage(BaseModel):
    """One message of the conversation so far."""

    model_config = ConfigDict(extra="forbid")

    role: Literal["user", "assistant"]
    content: str


class AgentQuery(BaseModel):
    """A task for an agent."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"query": "Calculate 42 * 17"}]},
    )

    query: str | dict[str, Any] = Field(description="The task, or its fields.")
    history: list[HistoryMessage] = Field(
        default_factory=list, description="The conversation before it; agents remember nothing."
    )


class AgentAnswer(BaseModel):
    """An agent's answer."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "agent": "default",
                    "result": "714",
                    "metrics": {"total_tokens": 120, "llm_calls": 2, "model": "gemma3:4b"},
                    "completion_status": {"is_complete": True, "reason": "", "missing": []},
                }
            ]
        }
    )

    agent: str
    result: Any = Field(description="Text, or a value of the agent's output schema.")
    metrics: dict[str, Any] = Field(description="What it cost; null where nobody counted.")
    completion_status: dict[str, Any] = Field(description="Whether the answer is confirmed.")


class DagAnswer(BaseModel):
    """How a run of a DAG ended."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "dag_name": "greeting",
                    "run_id": "5f2c9a1b77d0",
                    "status": "success",
                    "results": {"hello": "hello Ada"},
                    "errors": {},
                    "timings": [{"node": "hello", "attempt": 1, "status": "completed"}],
                }
            ]
        },
    )

    dag_name: str
    run_id: str
    status: Literal["success", "partial", "failed", "cancelled"]
    results: dict[str, Any] = Field(description="Output by node.")
    errors: dict[str, str] = Field(description="What went wrong, by node.")
    timings: list[dict[str, Any]] = Field(description="One row an attempt; seconds.")


class ProblemDetails(BaseModel):
    """What went wrong (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank",
                    "title": "Not Found",
                    "status": 404,
                    "detail": "there is no DAG 'greting'",
                    "hint": "?dag=greeting",
                }
            ]
        }
    )

    type: str
    title: str
    status: int
    detail: str
    hint: str | None = None
    errors: list[Any] = Field(default_factory=list)


_RUN: dict[str, Any] = {
    "run_id": "5f2c9a1b77d0",
    "dag_name": "greeting",
    "status": "success",
    "started": 1_796_000_000.0,
    "seconds": 1.2,
    "live": False,
}


class RunSummary(BaseModel):
    """A run on disk."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [_RUN]})

    run_id: str
    dag_name: str
    status: str
    started: float = Field(description="Seconds since 1970, UTC.")
    seconds: float | None = Field(description="How long it took; null while it goes on.")
    live: bool = Field(description="Whether it goes on in this process, and can be stopped.")


class RunList(BaseModel):
    """The latest runs, newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"runs": [_RUN]}]})

    runs: list[RunSummary]


class Stopping(BaseModel):
    """A run was told to stop."""

    run_id: str = Field(examples=["5f2c9a1b77d0"])
    status: Literal["stopping"] = "stopping"


class Health(BaseModel):
    """Whether the server is up, and how busy it is."""

    status: Literal["ok"] = "ok"
    running: int = Field(description="Runs that go on.", examples=[3])
    waiting: int = Field(description="Requests that wait for one to end.", examples=[0])


_PROBLEMS = {
    400: "the request cannot be read",
    401: "the token is missing or wrong",
    404: "there is nothing of that name",
    408: "the body came too slowly",
    409: "the run does not go on here",
    413: "the body is too large",
    422: "the request, the task or the state is not what is needed",
    502: "the model server failed",
    503: "the server is busy; try again after Retry-After seconds",
    504: "the run, or the model, took too long",
}


def problems(*statuses: int) -> Responses:
    """Return how these statuses are described."""
    schema = ProblemDetails.model_json_schema()
    return {
        status: {
            "description": _PROBLEMS[status],
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for status in statuses
    }


def run_responses(example: str) -> Responses:
    """Return how the reply of a path that runs something is described."""
    stream = {"schema": {"type": "string"}, "example": example}
    return {
        200: {
            "description": "The answer; with `Accept: text/event-stream` the run's events, "
            "then the same answer as the event `result` (or a problem as `error`).",
            "content": {EVENT_STREAM: stream},
        },
        **problems(400, 401, 404, 408, 413, 422, 502, 503, 504),
    }
