"""Recording the calls of agents to their models once, and replaying them without a model.

``cassette`` is the ``with`` block, `recording` and `replaying` are its two sides, `records` is
what stands in the file, `differences` says how a call is not the recorded one, and `secrets`
keeps keys and passwords out of the file.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from linus_nb.agent.interception import intercepting
from linus_nb.errors import CassetteError, OptionError
from linus_nb.testing.cassettes.recording import Recorder
from linus_nb.testing.cassettes.records import load
from linus_nb.testing.cassettes.replaying import Player

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

__all__ = ["Player", "Recorder", "cassette"]


@contextmanager
def cassette(
    path: str | os.PathLike[str],
    *,
    pace: Literal["recorded", "at_once"] = "at_once",
    record: bool | None = None,
) -> Iterator[Recorder | Player]:
    """Record every call of an agent to its model, or replay them if ``path`` is there.

    Calls are matched by what is asked (model, options, schema, messages), so those of a whole
    DAG may come at the same time and in any order. In the file are neither keys nor headers
    nor passwords of addresses.

    Parameters
    ----------
    path : str or path
        The file, one JSON object a line. Delete it to record anew.
    pace : str
        Replay ``"at_once"``, or with the ``"recorded"`` waits, token by token.
    record : bool, optional
        True: record although the file is there. False: never record, as in CI. By default
        the file decides.

    Yields
    ------
    Recorder or Player
        ``replays`` says which it is, ``calls`` lists what was recorded.

    Raises
    ------
    CassetteError
        When replaying: at a call that was not recorded so, naming its node, its phase and the
        first field that differs; on leaving the block, if there was such a call, or if recorded
        calls were never made.

    Examples
    --------
    >>> import tempfile
    >>> from linus_nb.agent.agent import ReasoningAgent
    >>> from linus_nb.testing import ScriptedModel
    >>> agent = ReasoningAgent(ScriptedModel(["Paris"]))  # it can be asked once
    >>> path = Path(tempfile.mkdtemp()) / "capital.jsonl"
    >>> for _ in range(2):
    ...     with cassette(path) as tape:
    ...         print(agent.run("What is the capital of France?").result, tape.replays)
    Paris False
    Paris True
    """
    if pace not in ("recorded", "at_once"):
        raise OptionError(f"pace={pace!r} is no pace", hint="pace='recorded' or 'at_once'")
    file = Path(path)
    if record or (record is None and not file.exists()):
        recorder = Recorder()
        with recorder.saving_to(file), intercepting(recorder):
            yield recorder
        return
    if not file.exists():
        raise CassetteError(f"there is no cassette at {file}", hint="record it: cassette(path)")
    player = Player(load(file), paced=pace == "recorded")
    with intercepting(player):
        yield player
    player.assert_finished()
