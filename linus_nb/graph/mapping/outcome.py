"""What became of one row, in a few words: a map keeps one of these for each, and no run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from linus_nb.graph.frame import cost_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from linus_nb.graph.node_result import NodeResult
    from linus_nb.graph.run import Run
    from linus_nb.graph.store import Store


class RowOutcome(NamedTuple):
    """What became of one row.

    Parameters
    ----------
    status : str
        Of its run: success, partial, failed or cancelled.
    error : str, optional
        What went wrong, by node.
    seconds : float, optional
        How long the run took; None if there was none.
    input_tokens, output_tokens : int, optional
        What its models counted, None where none did, or one of them did not.
    outputs : tuple
        What its nodes wrote, in the order of the columns; None for what was not written.
    """

    status: str
    error: str | None = None
    seconds: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    outputs: tuple[Any, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether the row came to an end, good or bad, and was not stopped."""
        return self.status != "cancelled"


def outcome_of(run: Run, seconds: float, writers: Sequence[tuple[int, ...]]) -> RowOutcome:
    """Return what became of a row whose run is over.

    Parameters
    ----------
    run : Run
        The run.
    seconds : float
        How long it took.
    writers : sequence of tuple of int
        For each column the nodes that may have written it.
    """
    outputs = tuple(_output(run.store, nodes) for nodes in writers)
    error = None if run.status == "success" else _error_of(run)
    given, made = _tokens(run.records)
    return RowOutcome(run.status, error, seconds, given, made, outputs)


def _output(store: Store, writers: tuple[int, ...]) -> Any:
    """Return what one of the nodes wrote, as the store keeps it: nobody else has it any more."""
    for node in writers:
        if store.written[node]:
            return store.outputs[node]
    return None


def _error_of(run: Run) -> str | None:
    told = [f"{record.name!r}: {record.error}" for record in run.records if record.error]
    told += [
        f"{f'{record.name}/{name}'!r}: {text}"
        for record in run.records
        if record.child is not None and not record.error
        for name, text in record.child.errors.items()
    ]
    return "; ".join(told) or None


def _tokens(records: Iterable[NodeResult]) -> tuple[int | None, int | None]:
    responses = list(_responses(records))
    if not responses:
        return None, None
    costs = [cost_of(response, 0.0) for response in responses]
    return _total(c.input_tokens for c in costs), _total(c.output_tokens for c in costs)


def _responses(records: Iterable[NodeResult]) -> Iterator[Any]:
    for record in records:
        for attempt in record.attempts:
            if attempt.response is not None:
                yield attempt.response
        if record.child is not None:
            yield from _responses(record.child.nodes.values())


def _total(counts: Iterable[int | None]) -> int | None:
    total = 0
    for count in counts:
        if count is None:
            return None
        total += count
    return total
