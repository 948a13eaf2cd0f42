"""What stands on a cassette: one JSON object a line."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, is_dataclass, replace
from typing import TYPE_CHECKING, Any

from linus_nb.agent.serving.naming import describe
from linus_nb.errors import CassetteError
from linus_nb.testing.cassettes.secrets import without_secrets

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from langchain_core.messages import BaseMessage

    from linus_nb.agent.calls import ModelSource
    from linus_nb.agent.interception import ModelRequest
    from linus_nb.agent.json_values import JsonValue

FORMAT = 1

OPTIONS = (
    "temperature", "top_p", "top_k", "seed", "stop", "num_ctx", "num_predict", "max_tokens",
)  # fmt: skip
"""What of a model belongs to a request: what decides its reply, and no address or key."""


@dataclass(frozen=True, slots=True)
class DecidedModel:
    """What the settings of a model led to when the cassette was recorded."""

    settings: dict[str, JsonValue]
    model: str
    small: bool
    embedded: bool
    options: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One call and how it ended: with a reply, with an error, or (neither) cancelled.

    Parameters
    ----------
    node, phase : str
        Where in a run and in an agent's loop it was made.
    request : dict
        Model, options, schema and messages.
    waited : float
        Seconds until it was the call's turn: waiting for a slot, and attempts that failed.
    pieces : list of (float, str)
        The text, each piece with its seconds since then.
    seconds : float
        From then to the end.
    reply : dict or None
        The other fields of the Reply.
    error : dict or None
        Class, message and hint of the AgentError.
    """

    node: str
    phase: str
    request: dict[str, JsonValue]
    waited: float = 0.0
    pieces: list[tuple[float, str]] = field(default_factory=list)
    seconds: float = 0.0
    reply: dict[str, Any] | None = None
    error: dict[str, str | None] | None = None

    @property
    def cancelled(self) -> bool:
        """Whether somebody cancelled it before it ended."""
        return self.reply is None and self.error is None


@dataclass(frozen=True, slots=True)
class Tape:
    """A whole cassette."""

    models: list[DecidedModel]
    calls: list[Call]


def settings_of(source: ModelSource) -> dict[str, JsonValue]:
    """Return what is asked of a source of models, as JSON has it."""
    settings: object = getattr(source, "settings", None)
    if not is_dataclass(settings) or isinstance(settings, type):
        return {"source": describe(source)}
    given = {name: value for name, value in asdict(settings).items() if value is not None}
    return _plain(given, ())


def plain_request(request: ModelRequest, secrets: Collection[str]) -> dict[str, JsonValue]:
    """Return a request as JSON has it, without secrets."""
    return _plain(
        {
            "model": describe(request.model),
            "options": options_of(request.model),
            "schema": request.schema,
            "messages": [_message(message) for message in request.messages],
        },
        secrets,
    )


def options_of(model: object) -> dict[str, Any]:
    """Return the options of a model that decide its replies, as far as they are set."""
    values = {name: getattr(model, name, None) for name in OPTIONS}
    return {name: value for name, value in values.items() if value is not None}


def save(path: Path, tape: Tape, secrets: Collection[str]) -> None:
    """Write a cassette, whole or not at all."""
    lines: list[dict[str, Any]] = [
        {"cassette": FORMAT},
        *({"decided": asdict(model)} for model in tape.models),
        *({"call": asdict(_unsplit(call, secrets))} for call in tape.calls),
    ]
    text = "".join(json.dumps(_plain(line, secrets), ensure_ascii=False) + "\n" for line in lines)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.writing")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


def load(path: Path) -> Tape:
    """Read a cassette.

    Raises
    ------
    CassetteError
        The file is none, naming the line.
    """
    tape = Tape([], [])
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            _read_line(tape, json.loads(line))
        except (KeyError, TypeError, ValueError) as error:
            raise CassetteError(
                f"{path}, line {number}: not a line of a cassette ({error})",
                hint="delete the file and record it anew",
            ) from error
    return tape


def _read_line(tape: Tape, line: object) -> None:
    match line:
        case {"call": dict(fields)}:
            pieces = [(float(seconds), str(text)) for seconds, text in fields["pieces"]]
            tape.calls.append(Call(**{**fields, "pieces": pieces}))
        case {"decided": dict(fields)}:
            tape.models.append(DecidedModel(**fields))
        case {"cassette": version} if version == FORMAT:
            pass
        case _:
            raise ValueError("neither a call nor a model")


def _unsplit(call: Call, secrets: Collection[str]) -> Call:
    """Return the call with its text in one piece if a secret may go over several."""
    text = "".join(piece for _, piece in call.pieces)
    safe = without_secrets(text, secrets)
    return call if safe == text else replace(call, pieces=[(call.pieces[-1][0], str(safe))])


def _message(message: BaseMessage) -> dict[str, Any]:
    plain: dict[str, Any] = {"role": message.type, "content": message.content}
    for name in ("tool_calls", "tool_call_id"):
        if value := getattr(message, name, None):
            plain[name] = value
    return plain


def _plain(value: Mapping[str, Any], secrets: Iterable[str]) -> dict[str, Any]:
    as_json: JsonValue = json.loads(json.dumps(value, default=str, ensure_ascii=False))
    plain = without_secrets(as_json, secrets)
    return plain if isinstance(plain, dict) else {}
