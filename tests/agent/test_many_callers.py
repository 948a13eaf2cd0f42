"""One agent, asked from every kind of place in turn, leaves nothing behind and never fails."""

import asyncio
import gc
import threading
import warnings

from linus_nb.agent.agent import create_gemma_agent
from linus_nb.testing import FakeOllama

TIMES = 20


def from_run(agent):
    return agent.run("Hello?")


def from_asyncio_run(agent):
    return asyncio.run(agent.arun("Hello?"))


def from_a_thread(agent):
    answers = []
    thread = threading.Thread(target=lambda: answers.append(asyncio.run(agent.arun("Hello?"))))
    thread.start()
    thread.join()
    return answers[0]


def test_one_agent_answers_twenty_times_from_everywhere(caplog):
    """``run`` and a thread are also used while a loop runs, as in a notebook's cell."""

    async def cell(agent):
        return [
            from_run(agent).result,
            (await agent.arun("Hello?")).result,
            (await asyncio.to_thread(from_asyncio_run, agent)).result,
            from_a_thread(agent).result,
        ]

    with warnings.catch_warnings(record=True) as warned, FakeOllama() as server:
        warnings.simplefilter("always")
        agent = create_gemma_agent(model="gemma3:4b", api_base=server.url)
        answers = []
        for _ in range(TIMES // 4):
            answers += [from_run(agent).result, from_asyncio_run(agent).result]
            answers += [from_a_thread(agent).result, *asyncio.run(cell(agent))]
        server.until(lambda s: s.open_connections == 0)
        del agent
        gc.collect()
    assert len(answers) == TIMES // 4 * 7
    assert set(answers) == {"ok"}
    assert [str(each.message) for each in warned] == []
    assert [text for text in caplog.messages if "never" in text or "closed" in text] == []
