"""Builds the routes, and an app around them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request

from linus_nb import __version__
from linus_nb.errors import RequestRefusedError
from linus_nb.server.guarding import guarded_route
from linus_nb.server.limits import Limits
from linus_nb.server.problems import problem_of
from linus_nb.server.routes import ADD_ROUTES, add_health_route
from linus_nb.server.service import Service
from linus_nb.server.tokens import TokenCheck

if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Mapping

    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

    from linus_nb.graph import AgentDAG
    from linus_nb.server.runs import Agent


def create_router(
    agents: Mapping[str, Agent] | None = None,
    dags: Mapping[str, AgentDAG] | None = None,
    *,
    token: str | None = None,
    limits: Limits | None = None,
    journal: str | os.PathLike[str] | None = None,
) -> APIRouter:
    """Return the routes, for an app that there is already.

    Parameters
    ----------
    agents, dags, token, limits, journal
        As for :func:`create_app`.

    Returns
    -------
    APIRouter
        Errors of its routes are problem+json whatever the app does with others.

    Examples
    --------
    >>> from linus_nb import AgentDAG
    >>> dag = AgentDAG("greeting")
    >>> _ = dag.node("hello", lambda name: f"hello {name}")
    >>> app = FastAPI()
    >>> app.include_router(create_router(dags={"greeting": dag}), prefix="/linus")
    >>> "/linus/dag/execute" in app.openapi()["paths"]
    True
    """
    limits = limits or Limits()
    service = Service(agents or {}, dags or {}, limits, journal)
    router = APIRouter(route_class=guarded_route(limits), lifespan=service.lifespan)
    add_health_route(router, service)
    asking = [Depends(TokenCheck(token))] if token is not None else []
    protected = APIRouter(route_class=router.route_class, dependencies=asking)
    for add in ADD_ROUTES:
        add(protected, service)
    router.include_router(protected)
    return router


def create_app(
    agents: Mapping[str, Agent] | None = None,
    dags: Mapping[str, AgentDAG] | None = None,
    *,
    token: str | None = None,
    limits: Limits | None = None,
    journal: str | os.PathLike[str] | None = None,
    cors_origins: Collection[str] = (),
    title: str = "linus_nb",
) -> FastAPI:
    """Return an app that serves agents and DAGs.

    Parameters
    ----------
    agents : mapping of str to ReasoningAgent, optional
        By the name that ``?agent=`` says.
    dags : mapping of str to AgentDAG, optional
        By the name that ``?dag=`` says. Each is copied: later changes to it are not served.
    token : str, optional
        What ``Authorization: Bearer ...`` has to hold; without one, everybody who reaches the
        server may use it.
    limits : Limits, optional
        How much the server takes on.
    journal : str or path, optional
        Runs of DAGs are recorded there, and ``/runs`` shows them.
    cors_origins : collection of str, optional
        Origins whose pages may use the server from a browser; by default only its own.
    title : str
        The name in the API's description.

    Returns
    -------
    FastAPI

    Examples
    --------
    >>> from linus_nb import AgentDAG
    >>> dag = AgentDAG("greeting")
    >>> _ = dag.node("hello", lambda name: f"hello {name}")
    >>> app = create_app(dags={"greeting": dag}, token="open sesame")
    >>> sorted(app.openapi()["paths"])
    ['/agent/query', '/dag/execute', '/dag/{name}', '/health']
    """
    app = FastAPI(title=title, version=__version__)
    app.include_router(create_router(agents, dags, token=token, limits=limits, journal=journal))
    for kind in (HTTPException, Exception):
        app.add_exception_handler(kind, _told)
    app.add_middleware(_KnownOrigins, origins=frozenset(cors_origins))
    if cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(cors_origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type"],
        )
    return app


async def _told(_: Request, error: Exception) -> Response:
    return problem_of(error).response()


class _KnownOrigins:
    """Refuses what a page of another origin sends.

    Browsers send simple requests across origins without asking first; without this, any page
    that is open in a browser here could run what a server on loopback serves.
    """

    def __init__(self, app: ASGIApp, origins: frozenset[str]) -> None:
        self._app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._is_known(Request(scope)):
            await self._app(scope, receive, send)
            return
        refusal = RequestRefusedError(
            "the request comes from a page of another origin",
            hint="create_app(..., cors_origins=[...]) lets it in",
            status=403,
        )
        await problem_of(refusal).response()(scope, receive, send)

    def _is_known(self, request: Request) -> bool:
        origin = request.headers.get("origin")
        if origin is None or not self._origins.isdisjoint((origin, "*")):
            return True
        return urlsplit(origin).netloc == request.headers.get("host")
