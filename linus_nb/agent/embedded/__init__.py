"""The packaged small model, served in this process as Ollama would serve it."""

from linus_nb.agent.embedded.server import EmbeddedServer, embedded_server

__all__ = ["EmbeddedServer", "embedded_server"]
