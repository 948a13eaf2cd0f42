"""A shell command runs only where somebody said yes."""

import asyncio
import os
import sys
import threading
import time
from pathlib import Path

import pytest

from linus_nb.agent.tools import create_shell, run_tool
from linus_nb.errors import OptionError, ToolError, ToolTimeoutError

pytestmark = pytest.mark.anyio


async def run(command, approve=lambda command: True, **options):
    return await run_tool(create_shell(approve, **options), {"command": command})


async def test_an_approved_command_runs_in_its_folder(tmp_path):
    (tmp_path / "here").touch()
    assert await run("ls; exit 3", folder=tmp_path) == {"exit_code": 3, "output": "here\n"}


async def test_errors_are_part_of_the_output():
    assert (await run("echo oops >&2"))["output"] == "oops\n"


async def test_each_command_is_asked_for_and_off_the_loop():
    asked = []

    def approve(command):
        asked.append((command, threading.current_thread() is threading.main_thread()))
        return len(asked) == 1

    shell = create_shell(approve)
    await run_tool(shell, {"command": "true"})
    with pytest.raises(ToolError, match="'true' was not approved"):
        await run_tool(shell, {"command": "true"})
    assert asked == [("true", False), ("true", False)]


async def asked_later(command):
    return command == "echo yes"


@pytest.mark.parametrize("answer", [False, None, 1, "yes"])
async def test_only_true_lets_a_command_run(answer, tmp_path):
    with pytest.raises(ToolError, match="not approved"):
        await run(f"touch {tmp_path / 'ran'}", lambda command: answer)
    assert list(tmp_path.iterdir()) == []


async def test_the_approval_may_be_async():
    assert (await run("echo yes", asked_later))["output"] == "yes\n"
    with pytest.raises(ToolError, match="not approved"):
        await run("echo no", asked_later)


async def test_long_output_is_cut_and_counted():
    result = await run(f"{sys.executable} -c 'print(\"x\" * 99999)'", max_bytes=10)
    assert result["output"] == "x" * 10 + "\n… (99,990 more bytes)"


async def test_a_command_that_takes_too_long_is_killed_with_its_children(tmp_path):
    pid_file = tmp_path / "pid"
    with pytest.raises(ToolTimeoutError, match="was killed"):
        await run(f"sleep 60 & echo $! > {pid_file}; wait", timeout=1)
    await gone(int(pid_file.read_text()))


async def test_children_that_outlive_their_command_are_killed_too(tmp_path):
    pid_file = tmp_path / "pid"
    with pytest.raises(ToolTimeoutError, match="was killed"):
        await run(f"sleep 60 & echo $! > {pid_file}", timeout=1)
    await gone(int(pid_file.read_text()))


async def test_cancelling_kills_the_command(tmp_path):
    pipe = tmp_path / "started"
    os.mkfifo(pipe)
    call = asyncio.create_task(run(f"echo $$ > {pipe}; exec sleep 60"))
    pid = int(await asyncio.to_thread(pipe.read_text))
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await gone(pid)


async def gone(pid):
    """Wait until a process is no more (or waits, dead, for its parent to notice)."""
    deadline = time.monotonic() + 5
    while True:
        try:
            state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")  # noqa: ASYNC240
        except (FileNotFoundError, ProcessLookupError):
            return
        if state.rpartition(")")[2].split()[0] == "Z":
            return
        assert time.monotonic() < deadline, f"process {pid} still runs"
        await asyncio.sleep(0)


def test_the_approval_must_be_something_to_ask():
    with pytest.raises(OptionError, match="approve=True cannot be asked"):
        create_shell(approve=True)
