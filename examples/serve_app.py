r"""Agents and DAGs over HTTP, to be run in this folder: linus-nb serve serve_app:app.

    curl -X POST 'http://127.0.0.1:8000/dag/execute' \
         -H 'Content-Type: application/json' -d '{"city": "Oslo", "days": 3}'

Add -N -H 'Accept: text/event-stream' to see each node as it starts and ends. The agent
answers on an Ollama server if one is up, else on the small embedded model:

    curl -X POST 'http://127.0.0.1:8000/agent/query' --url-query 'query=Calculate 42 * 17'
"""

import asyncio
import os

from linus_nb import AgentDAG, create_gemma_agent, get_default_tools
from linus_nb.server import Limits, create_app

trip = AgentDAG("trip")


@trip.node
async def weather(city: str) -> str:
    await asyncio.sleep(0.2)  # a slow service; other requests go on meanwhile
    return f"sun in {city}"


@trip.node
async def hotel(city: str, days: int) -> str:
    await asyncio.sleep(0.2)
    return f"{days} nights in the Grand Hotel of {city}"


@trip.node
def plan(weather: str, hotel: str) -> str:
    return f"{hotel}, {weather}"


app = create_app(
    agents={"calculator": create_gemma_agent(tools=get_default_tools())},
    dags={"trip": trip},
    token=os.environ.get("SERVE_TOKEN"),
    limits=Limits(max_runs=32, max_waiting=64, max_run_seconds=120),
    journal=os.environ.get("SERVE_JOURNAL"),
)
