"""What a node and an edge are: frozen descriptions, checked when they are made."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any, Literal, get_args

from linus_nb.errors import OptionError
from linus_nb.graph.template import parse

OnError = Literal["fail", "skip", "continue"]
"""What a failed node does to its run: end it, count as skipped, or count as completed."""

NodeStatus = Literal["waiting", "queued", "running", "completed", "failed", "skipped", "cancelled"]
"""States of a node; the last four are its end states."""

Condition = Callable[..., Any]
"""A function of a state dict, sync or async; the edge is live where it returns something true."""

Asked = Condition | str
"""A condition as it may be given: a function, or an expression as text."""

_ON_ERROR: tuple[str, ...] = get_args(OnError)


@dataclass(frozen=True, slots=True, eq=False)
class AgentNode:
    """One step of a DAG: an agent or a function, what it reads and what it writes.

    Parameters
    ----------
    name : str
        The node's name in its DAG, kept exactly as given.
    agent : object
        What does the work: anything with ``arun``, ``ainvoke``, ``run`` or ``invoke`` (an
        agent, any LangChain Runnable), a function, sync or async, or another ``AgentDAG``.
        What has no async form runs in a worker thread.
    description : str
        What the node is for; for an agent without ``prompt`` it is the task.
    input_mapping : dict of str to str, optional
        ``{parameter: state key}``. Empty: the node gets no input.
    output_key : str, optional
        The key under which others read its output; the name if not given.
    retry_count : int
        Further attempts after a failed one, each with the original input.
    timeout_seconds : float, optional
        Longest time of one attempt, in seconds from its start.
    on_error : {"fail", "skip", "continue"}
        What a failure does after the last attempt: end the run; mark the node skipped and
        run its dependants without its key; or mark it completed with its error kept and
        ``None`` under its key.
    prompt : str, optional
        The text for the agent; ``{key}`` is replaced by what the node may read, ``{{`` and
        ``}}`` are braces.
    retry_backoff : float
        Seconds before the second attempt; doubles with each further one, at most 30.
    resource : str, optional
        Name of a limit that the executor enforces (``limits={"gpu": 1}``).
    thread : bool
        False: a function that is not async runs on the event loop itself.

    Raises
    ------
    OptionError
        If a value can never work.
    PromptError
        If ``prompt`` has a lone brace.

    Examples
    --------
    >>> node = AgentNode("double", lambda x: 2 * x, input_mapping={"x": "number"})
    >>> node.output_key
    'double'
    """

    name: str
    agent: Any
    description: str = ""
    input_mapping: Mapping[str, str] | None = None
    output_key: str | None = None
    retry_count: int = 0
    timeout_seconds: float | None = None
    on_error: OnError = "fail"
    prompt: str | None = field(default=None, kw_only=True)
    retry_backoff: float = field(default=0.5, kw_only=True)
    resource: str | None = field(default=None, kw_only=True)
    thread: bool = field(default=True, kw_only=True)

    def __post_init__(self) -> None:
        if type(self.name) is not str:
            raise OptionError(f"a node's name is a str, not {self.name!r}")
        if self.output_key is None:
            object.__setattr__(self, "output_key", self.name)
        if self.on_error not in _ON_ERROR:
            raise self._wrong("on_error", self.on_error, "'fail', 'skip' or 'continue'")
        if self.retry_count or self.timeout_seconds is not None or self.retry_backoff != 0.5:  # noqa: PLR2004
            self._check_numbers()
        self._check_texts()
        if self.prompt is not None:
            self._check_prompt()
        if self.input_mapping is not None:
            self._check_mapping()
            object.__setattr__(self, "input_mapping", dict(self.input_mapping))
        if self.agent is None:
            raise OptionError(
                f"node {self.name!r} has no agent",
                hint=f"AgentNode({self.name!r}, a_function_or_agent)",
            )

    @property
    def key(self) -> str:
        """The state key that this node writes."""
        return self.output_key if self.output_key is not None else self.name

    def _wrong(self, field_name: str, value: object, allowed: str) -> OptionError:
        return OptionError(f"node {self.name!r}: {field_name}={value!r} is not {allowed}")

    def _check_numbers(self) -> None:
        retries, timeout, backoff = self.retry_count, self.timeout_seconds, self.retry_backoff
        if not isinstance(retries, int) or isinstance(retries, bool) or retries < 0:
            raise self._wrong("retry_count", retries, "a whole number of 0 or more")
        if timeout is not None and not (_is_number(timeout) and 0 < timeout < inf):
            raise self._wrong("timeout_seconds", timeout, "a number of seconds above 0")
        if not (_is_number(backoff) and 0 <= backoff < inf):
            raise self._wrong("retry_backoff", backoff, "a number of seconds of 0 or more")

    def _check_texts(self) -> None:
        for option in ("output_key", "prompt", "resource"):
            text = getattr(self, option)
            if text is not None and not isinstance(text, str):
                raise self._wrong(option, text, "a str")

    def _check_mapping(self) -> None:
        mapping: object = self.input_mapping
        if not isinstance(mapping, Mapping) or not all(
            isinstance(text, str) for pair in mapping.items() for text in pair
        ):
            raise self._wrong("input_mapping", mapping, "a dict of {parameter: state key}")

    def _check_prompt(self) -> None:
        parse(self.prompt or "")
        if self.input_mapping is not None:
            raise OptionError(
                f"node {self.name!r} has both prompt and input_mapping",
                hint="keep one: prompt='... {key} ...' reads the keys that it names",
            )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """A router whose answer is asked once and decides several edges.

    Parameters
    ----------
    router : callable
        A function of a state dict, sync or async, that returns a label or several.
    labels : tuple
        The labels that it may return.
    """

    router: Condition
    labels: tuple[Hashable, ...]

    def choose(self, answer: object) -> frozenset[Hashable]:
        """Return the labels that ``answer`` names.

        Raises
        ------
        OptionError
            If the router returned a label that the branch does not have.
        """
        several = isinstance(answer, Iterable) and not isinstance(answer, str | bytes)
        chosen: tuple[Any, ...] = tuple(answer) if several else (answer,)  # type: ignore[arg-type]
        unknown = [label for label in chosen if label not in self.labels]
        if unknown:
            raise OptionError(
                f"the router returned {unknown[0]!r}, which is none of {list(self.labels)}",
                hint="return one of the labels that add_branch was given",
            )
        return frozenset(chosen)


@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """An arrow from one node to another, with the condition under which it is live.

    Parameters
    ----------
    source, target : str
        Names of nodes.
    condition : callable, optional
        A function of a state dict, sync or async.
    branch : Branch, optional
        The router that decides this edge.
    routes : tuple
        The router's labels under which this edge is live.
    label : str
        What the drawing writes beside the arrow.
    inferred : bool
        True if ``dag.node`` drew it from names.
    """

    source: str
    target: str
    condition: Condition | None = None
    branch: Branch | None = None
    label: str = ""
    inferred: bool = False
    routes: tuple[Hashable, ...] = ()

    @property
    def conditional(self) -> bool:
        """Whether the edge may turn out dead."""
        return self.condition is not None or self.branch is not None


def branch_edges(source: str, router: Condition, targets: Mapping[Hashable, str]) -> list[Edge]:
    """Return the edges of a branch after ``source``, one to each target.

    Raises
    ------
    OptionError
        If there are no targets.
    """
    if not targets:
        raise OptionError(f"the branch after {source!r} has no targets")
    branch = Branch(router, tuple(targets))
    routes: dict[str, list[Hashable]] = {}
    for label, target in targets.items():
        routes.setdefault(target, []).append(label)
    return [
        Edge(
            source,
            target,
            branch=branch,
            label=", ".join(map(str, labels)),
            routes=tuple(labels),
        )
        for target, labels in routes.items()
    ]
