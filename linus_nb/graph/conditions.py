"""The conditions of a node's outgoing edges, asked once when the node has settled."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING

from linus_nb.errors import ConditionError
from linus_nb.graph.node_result import error_text

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from linus_nb.graph.node import Branch, Condition, Edge
    from linus_nb.graph.schedule import Verdict
    from linus_nb.graph.store import Store


async def ask(edges: Sequence[Edge], store: Store, node: int) -> list[Verdict]:
    """Return the verdict on each of ``edges``, which all leave ``node``.

    Parameters
    ----------
    edges : sequence of Edge
        The edges, in order.
    store : Store
        What the conditions may see: copies of the initial state, of what ``node`` wrote
        and of what its ancestors wrote.
    node : int
        Where the edges start.

    Returns
    -------
    list of bool or exception
        A condition that raised is its verdict.
    """
    routed: dict[Branch, Verdict | frozenset[Hashable]] = {}
    verdicts: list[Verdict] = []
    for edge in edges:
        if edge.branch is not None:
            if edge.branch not in routed:
                routed[edge.branch] = await _route(edge.branch, edge, store, node)
            chosen = routed[edge.branch]
            if isinstance(chosen, frozenset):
                verdicts.append(not chosen.isdisjoint(edge.routes))
            else:
                verdicts.append(chosen)
        elif edge.condition is not None:
            verdicts.append(await _ask_one(edge.condition, edge, store, node))
        else:
            verdicts.append(True)
    return verdicts


async def _ask_one(condition: Condition, edge: Edge, store: Store, node: int) -> Verdict:
    try:
        return bool(await _call(condition, store, node))
    except BaseException as error:  # noqa: BLE001 - it becomes the failure of the edge's target
        return _verdict_of(error, edge)


async def _route(
    branch: Branch, edge: Edge, store: Store, node: int
) -> Verdict | frozenset[Hashable]:
    try:
        return branch.choose(await _call(branch.router, store, node))
    except BaseException as error:  # noqa: BLE001 - it becomes the failure of the edges' targets
        return _verdict_of(error, edge)


async def _call(condition: Condition, store: Store, node: int) -> object:
    answer: object = condition(store.view(node, with_own=True))
    return await answer if inspect.isawaitable(answer) else answer


def _verdict_of(error: BaseException, edge: Edge) -> ConditionError:
    task = asyncio.current_task()
    if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
        raise error  # the run is being stopped
    failure = ConditionError(
        f"the condition of the edge {edge.source!r} -> {edge.target!r} raised {error_text(error)}",
        hint="a condition gets a dict of the initial state and the outputs so far",
    )
    failure.__cause__ = error
    return failure
