"""What the nodes of these tests do; workers import it by name."""

import asyncio
import os
import time
from functools import partial

from linus_nb import AgentDAG, AgentNode
from linus_nb.events import Token, current_emitter, current_node


def say(text):
    """Tell the run's listeners something from wherever this runs."""
    current_emitter().emit(Token, text=str(text))


def count_up(path):
    """Return how often this was called with ``path``, by whichever process."""
    with path.open("a") as file:
        file.write("x")
    return path.stat().st_size


def wait_for_file(path, seconds=20):
    """Block until somebody has made the file ``path``."""
    end = time.monotonic() + seconds
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.01)


async def process_of_node():
    return os.getpid(), current_node()


async def told_when_cancelled(path):
    """Say that it runs; wait; and write down that it was cancelled."""
    say("running")
    try:
        await asyncio.sleep(1_000)
    except asyncio.CancelledError:
        path.write_text("cancelled")
        raise


async def first_time_for_ever(path):
    """The first time say which process this is and wait; the second time return at once."""
    if count_up(path) > 1:
        return "done"
    say(os.getpid())
    await asyncio.sleep(1_000)
    return "never"


def step_of(plan, folder, state):
    """Do what the generated ``plan`` says: fail so often, then return what was there to read."""
    number = count_up(folder / plan.name)
    if number % plan.attempts or plan.fails:
        raise ValueError(f"{plan.name} {number}")
    return f"{plan.name}({' '.join(sorted(state))})"


async def async_step_of(plan, folder, state):
    await asyncio.sleep(0)
    return step_of(plan, folder, state)


def build(design, folder, conditions, name="generated"):
    """Return a generated design as a DAG of sync and async nodes; they count in ``folder``."""
    dag = AgentDAG(name)
    for number, plan in enumerate(design.plans):
        step = partial(async_step_of if number % 2 else step_of, plan, folder)
        inner = plan.inner
        agent = step if inner is None else build(inner, folder, conditions, plan.name)
        dag.add_node(
            AgentNode(
                plan.name,
                agent,
                retry_count=plan.retries,
                retry_backoff=0,
                on_error=plan.on_error,
            )
        )
    for (source, target), verdict in design.edges.items():
        dag.add_edge(design.plans[source].name, design.plans[target].name, conditions(verdict))
    return dag


class UnspeakableError(Exception):
    """Cannot be made again, nor say what it is."""

    def __reduce_ex__(self, _protocol):
        raise TypeError("no")

    def __str__(self):
        raise ValueError("no")


def raise_its_own_cause():
    """Raise an exception that is its own cause."""
    error = ValueError("its own cause")
    raise error from error


def raise_a_circle():
    """Raise one of two exceptions that are each other's cause."""
    one, other = ValueError("one"), KeyError("other")
    one.__cause__, other.__cause__ = other, one
    raise one


def raise_the_unspeakable():
    """Raise what cannot be told."""
    raise UnspeakableError
