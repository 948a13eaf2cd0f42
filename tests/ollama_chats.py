"""Calls of a real ChatOllama to the fake server, for its tests."""

import contextlib

from langchain_ollama import ChatOllama


@contextlib.asynccontextmanager
async def chat_with(server, **options):
    """Yield a ChatOllama on the server, whose connections are closed at the end."""
    model = ChatOllama(model="gemma3:4b", base_url=server.url, **options)
    try:
        yield model
    finally:
        await model._async_client.close()
        model._client.close()


async def said(server, **options):
    """Return what the server says to one question."""
    async with chat_with(server, **options) as model:
        return await model.ainvoke("question")
