"""What holds for the whole session unless a call says otherwise."""

from __future__ import annotations

from dataclasses import dataclass

from linus_nb.errors import OptionError
from linus_nb.graph.schedule import POLICIES
from linus_nb.graph.threads import DEFAULT_THREADS


@dataclass
class Options:
    """Session-wide defaults; ``linus_nb.options`` is the one instance.

    Parameters
    ----------
    schedule : {"levels", "dataflow", "sequential"}
        The schedule of executors that name none.
    most_threads : int
        Most threads that one run keeps at work for nodes that are not async.
    status_line : bool
        Whether a run without a view says, after two seconds, how far it is.

    Examples
    --------
    >>> Options(schedule="dataflow").schedule
    'dataflow'
    >>> Options(schedule="fast")
    Traceback (most recent call last):
    ...
    linus_nb.errors.OptionError: schedule='fast' is not one of 'sequential', 'levels', 'dataflow'
    """

    schedule: str = "levels"
    most_threads: int = DEFAULT_THREADS
    status_line: bool = True

    def __setattr__(self, name: str, value: object) -> None:
        if name == "schedule" and value not in POLICIES:
            known = ", ".join(map(repr, POLICIES))
            raise OptionError(f"schedule={value!r} is not one of {known}")
        if name not in ("schedule", "most_threads", "status_line"):
            raise OptionError(f"there is no option {name!r}", hint="options.schedule = 'dataflow'")
        super().__setattr__(name, value)


options = Options()
