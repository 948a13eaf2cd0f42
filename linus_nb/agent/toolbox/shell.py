"""Running shell commands, each of which somebody approves."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import os
import signal
from typing import TYPE_CHECKING, Any, Final

from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel, Field

from linus_nb.agent.toolbox.running import call_in_thread
from linus_nb.errors import OptionError, ToolError, ToolTimeoutError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

MAX_BYTES: Final = 20_000
SECONDS: Final = 60.0


class RunCommand(BaseModel):
    """Arguments of the shell tool."""

    command: str = Field(description="The command line, as one would type it.")


def create_shell(
    approve: Callable[[str], bool | Awaitable[bool]],
    *,
    folder: str | Path | None = None,
    max_bytes: int = MAX_BYTES,
    timeout: float = SECONDS,
) -> BaseTool:
    """Make a tool that runs shell commands, asking before each of them.

    Parameters
    ----------
    approve : callable
        Gets the command line and returns whether it may run; only ``True`` lets it. It may be
        async; a sync one is called in a thread, so it may wait for a person.
    folder : str or Path, optional
        Where commands run; by default the current folder.
    max_bytes : int
        What is kept of the output, which is read to its end all the same.
    timeout : float
        Seconds for a command, counted after its approval; then it and its children are killed.

    Returns
    -------
    BaseTool
        The tool ``run_command``; its result has ``exit_code`` and ``output``.

    Examples
    --------
    >>> create_shell(approve=lambda command: command.startswith("ls ")).name
    'run_command'
    """
    if not callable(approve):
        raise OptionError(
            f"approve={approve!r} cannot be asked",
            hint='create_shell(approve=lambda command: input(f"run {command}? ") == "yes")',
        )

    async def run_command(command: str) -> dict[str, Any]:
        if await _answer(approve, command) is not True:
            raise ToolError(f"the command {command[:200]!r} was not approved")
        try:
            async with asyncio.timeout(timeout):
                return await _run(command, folder, max_bytes)
        except TimeoutError as error:
            raise ToolTimeoutError(
                f"the command {command[:200]!r} ran longer than {timeout:g} s and was killed"
            ) from error

    return StructuredTool.from_function(
        coroutine=run_command,
        name="run_command",
        description="Run a shell command and read its output.",
        args_schema=RunCommand,
    )


async def _answer(approve: Callable[[str], bool | Awaitable[bool]], command: str) -> bool:
    answer = await call_in_thread(lambda: approve(command), name="approve")
    return await answer if inspect.isawaitable(answer) else answer


async def _run(command: str, folder: str | Path | None, max_bytes: int) -> dict[str, Any]:
    process = await asyncio.create_subprocess_shell(
        command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=folder,
        start_new_session=True,  # a process group of its own, so that its children die with it
    )
    ended = False
    try:
        output, total = await _read_output(process, max_bytes)
        exit_code = await process.wait()
        ended = True
    finally:
        if not ended:
            await _kill(process)
    text = output.decode("utf-8", errors="replace")
    if total > len(output):
        text += f"\n… ({total - len(output):,} more bytes)"
    return {"exit_code": exit_code, "output": text}


async def _read_output(process: asyncio.subprocess.Process, max_bytes: int) -> tuple[bytes, int]:
    kept = bytearray()
    total = 0
    while process.stdout is not None and (chunk := await process.stdout.read(65536)):
        kept += chunk[: max_bytes - len(kept)]
        total += len(chunk)
    return bytes(kept), total


async def _kill(process: asyncio.subprocess.Process) -> None:
    """Kill the command and its children; they may outlive it and hold its output open."""
    with contextlib.suppress(ProcessLookupError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    await process.wait()
