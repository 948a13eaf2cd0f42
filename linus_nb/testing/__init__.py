"""Stand-ins for models, for tests that need no server, no download and no luck.

:class:`ScriptedModel` is a LangChain chat model that replays what it was told.
:class:`FakeOllama` is a real HTTP server on this machine that speaks Ollama's API and can fail
in every way a server fails. :func:`cassette` records what a real model said, and replays it.
"""

from linus_nb.testing.cassettes import cassette
from linus_nb.testing.ollama import FakeOllama
from linus_nb.testing.scripted import RecordedCall, ScriptedModel
from linus_nb.testing.steps import Fault, Step
from linus_nb.testing.wire import ReceivedRequest

__all__ = [
    "FakeOllama",
    "Fault",
    "ReceivedRequest",
    "RecordedCall",
    "ScriptedModel",
    "Step",
    "cassette",
]
