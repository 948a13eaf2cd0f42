"""The paths of the API."""

# No postponed annotations here: FastAPI reads the signatures of functions inside functions.
# Deliberately few lines an endpoint: what they do is in `service`.

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Header, Query
from fastapi.responses import JSONResponse, Response

from linus_nb.errors import RequestRefusedError
from linus_nb.server import schemas
from linus_nb.server.problems import without_secrets
from linus_nb.server.service import Service
from linus_nb.server.streaming import EVENT_STREAM
from linus_nb.server.values import encoded, plain

SVG = "image/svg+xml"
_AGENT_STREAM = (
    'event: token\ndata: {"kind":"token","text":"714"}\n\nevent: result\ndata: {...}\n\n'
)
_DAG_STREAM = (
    'event: node_finished\ndata: {"kind":"node_finished","node":"hello"}\n\n'
    "event: result\ndata: {...}\n\n"
)

Accept = Annotated[str, Header(include_in_schema=False)]


def add_agent_route(router: APIRouter, service: Service) -> None:
    """Add the path that asks an agent."""
    Name = _name_of("agent", service.agents)  # noqa: N806 - a type

    @router.post(
        "/agent/query",
        summary="Ask an agent",
        response_model=schemas.AgentAnswer,
        responses=schemas.run_responses(_AGENT_STREAM),
    )
    async def query_agent(
        body: schemas.AgentQuery | None = None,
        query: Annotated[str | None, Query(description="The task, instead of a body.")] = None,
        agent: Name = None,  # type: ignore[valid-type]
        accept: Accept = "",
    ) -> Response:
        """Return the agent's result and metrics; a client that leaves stops it."""
        if (body is None) == (query is None):
            raise RequestRefusedError(
                "the task is given as ?query=... or in the body, and just once",
                hint='{"query": "..."}',
                status=422,
            )
        task = body if body is not None else schemas.AgentQuery(query=query or "")
        return service.ask(agent, task, as_stream=_wants(EVENT_STREAM, accept))


def add_dag_route(router: APIRouter, service: Service) -> None:
    """Add the path that runs a DAG."""
    Name = _name_of("dag", service.dags)  # noqa: N806 - a type

    @router.post(
        "/dag/execute",
        summary="Run a DAG",
        response_model=schemas.DagAnswer,
        responses=schemas.run_responses(_DAG_STREAM),
    )
    async def execute_dag(
        state: Annotated[
            dict[str, Any],
            Body(description="The initial state.", openapi_examples=_states(service)),
        ],
        dag: Name = None,  # type: ignore[valid-type]
        schedule: Literal["levels", "dataflow", "sequential"] | None = None,
        accept: Accept = "",
    ) -> Response:
        """Return status, results and timings, also when nodes failed; leaving stops the run."""
        return service.execute(dag, state, schedule, as_stream=_wants(EVENT_STREAM, accept))


def add_picture_route(router: APIRouter, service: Service) -> None:
    """Add the path that shows a DAG."""

    @router.get(
        "/dag/{name:path}",
        summary="Show a DAG",
        responses={
            200: {
                "description": "Its nodes and edges, or its picture.",
                "content": {
                    "application/json": {"example": _spec_of_any(service)},
                    SVG: {"schema": {"type": "string"}, "example": "<svg>...</svg>"},
                },
            },
            **schemas.problems(401, 404, 422),
        },
    )
    async def show_dag(
        name: str,
        form: Annotated[Literal["json", "svg"] | None, Query(alias="format")] = None,
        accept: Accept = "",
    ) -> Response:
        """Return the DAG as JSON, or as SVG with ``?format=svg`` or ``Accept: image/svg+xml``."""
        served = service.dag(name)
        if form == "svg" or (form is None and _wants(SVG, accept)):
            return Response(await served.svg(), media_type=SVG)
        return JSONResponse(served.spec)


def add_run_routes(router: APIRouter, service: Service) -> None:
    """Add the paths of the runs on disk, where there is a journal."""
    history = service.history
    if history is None:
        return

    @router.get(
        "/runs",
        summary="List runs",
        response_model=schemas.RunList,
        responses=schemas.problems(401, 422),
    )
    async def list_runs(limit: Annotated[int, Query(ge=1, le=1_000)] = 100) -> Response:
        """Return the latest runs, newest first."""
        runs = [{**run, "live": run["run_id"] in service.live} for run in await history.runs(limit)]
        return _json(plain({"runs": runs}, max_items=100_000, clean=without_secrets))

    @router.get(
        "/runs/{run_id}",
        summary="Show a run",
        response_model=schemas.RunSummary,
        responses=schemas.problems(401, 404, 422),
    )
    async def show_run(run_id: str) -> Response:
        """Return what is known of a run."""
        run = await history.run(run_id)
        if run is None:
            raise _no_run(run_id)
        told = {**run, "live": run_id in service.live}
        return _json(plain(told, max_items=100_000, clean=without_secrets))


def add_cancel_route(router: APIRouter, service: Service) -> None:
    """Add the path that stops a run, where runs can be found."""
    history = service.history
    if history is None:
        return

    @router.post(
        "/runs/{run_id}/cancel",
        summary="Stop a run",
        status_code=202,
        response_model=schemas.Stopping,
        responses=schemas.problems(401, 404, 409, 422),
    )
    async def cancel_run(run_id: str) -> Response:
        """Stop a run that goes on here; whoever waits for it gets what there is so far."""
        if service.live.stop(run_id):
            return _json({"run_id": run_id, "status": "stopping"}, status=202)
        if await history.run(run_id) is None:
            raise _no_run(run_id)
        raise RequestRefusedError(f"run {run_id!r:.200} does not go on in this process", status=409)


def add_health_route(router: APIRouter, service: Service) -> None:
    """Add the path for load balancers, which have no token."""

    @router.get("/health", summary="Tell whether the server is up")
    async def health() -> schemas.Health:
        """Return how busy the server is."""
        return schemas.Health(running=service.gate.running, waiting=service.gate.waiting)


ADD_ROUTES: tuple[Callable[[APIRouter, Service], None], ...] = (
    add_agent_route,
    add_dag_route,
    add_picture_route,
    add_run_routes,
    add_cancel_route,
)
"""All that need the token, where there is one."""


def _name_of(kind: str, served: dict[str, Any]) -> Any:
    """Return the type of the parameter that says which agent or DAG."""
    names = list(served)
    described = f"Which {kind}; needed only if there are several."
    return Annotated[
        str | None, Query(description=described, examples=names[:1], json_schema_extra=_enum(names))
    ]


def _enum(names: list[str]) -> dict[str, Any]:
    return {"enum": [*names, None]} if names else {}


def _states(service: Service) -> dict[str, Any]:
    return {
        name: {"summary": name, "value": dict.fromkeys(served.needed_keys, "...")}
        for name, served in service.dags.items()
    }


def _spec_of_any(service: Service) -> dict[str, Any]:
    return next((served.spec for served in service.dags.values()), {})


def _wants(media_type: str, accept: str) -> bool:
    return media_type in accept


def _json(value: Any, status: int = 200) -> Response:
    return Response(encoded(value), status, media_type="application/json")


def _no_run(run_id: str) -> RequestRefusedError:
    return RequestRefusedError(f"there is no run {run_id!r:.200}", hint="GET /runs", status=404)
