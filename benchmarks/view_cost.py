"""What a view costs: `python benchmarks/view_cost.py` prints each bound.

A real kernel runs in a real JupyterLab in headless Chromium. From the moment a node's status
changes in the kernel to the frame that shows it; how much longer a run takes while it is watched;
and how many messages a second a view sends while 500 events a second come in.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests"), str(HERE.parent / "tests" / "browser")]

from bounds import bound  # noqa: E402
from lab_notebook import LabNotebook, write_notebook  # noqa: E402
from lab_server import lab_in_browser, lab_server  # noqa: E402

if TYPE_CHECKING:
    from lab_notebook import Lab

NODES = 200
LEAST_CHANGES = 50
PATIENCE = 120_000  # milliseconds, on a busy machine
BUILD = f"""
import asyncio, json, random, statistics, time
from linus_nb import AgentDAG, DAGExecutor, watch
from linus_nb.events import NodeFinished, Token, current_emitter

def dag_of(work, nodes={NODES}):
    dag = AgentDAG("measured")
    for number in range(nodes):
        dag.add_node(f"node {{number}}", work, input_mapping={{}})
    for number in range(10, nodes):
        dag.add_edge(f"node {{number - 10}}", f"node {{number}}")
    return dag
"""
WATCH_PAINT = """
changed = {}

def note(event):
    if isinstance(event, NodeFinished):
        changed[event.node.removeprefix("node ")] = 1e3 * time.time()

async def pause():
    await asyncio.sleep(random.uniform(0.25, 0.28))  # so that each end is the first of a burst

executor = DAGExecutor(dag_of(pause), on_event=note)
watch(executor)
"""
RUN_PAINT = """
run = executor.start(schedule="sequential")
await asyncio.sleep(20)
run.cancel()
await run
print(json.dumps(changed))
"""
# The frame that shows a change: its own callback comes just before it is painted, a message sent
# from there just after.
OBSERVE = """() => {
  window.painted = {};
  const seen = (mutations) => {
    const ids = mutations.map((m) => m.target).filter((t) => t.matches(".node.status-completed"))
      .map((t) => t.id.slice(1));
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        const now = performance.timeOrigin + performance.now();
        for (const id of ids) window.painted[id] ??= now;
      };
      port2.postMessage(0);
    });
  };
  const svg = document.querySelector(".linus-run .linus-stage svg");
  new MutationObserver(seen).observe(svg, { subtree: true, attributeFilter: ["class"] });
}"""
WATCH_COST = """
async def busy():
    end = time.perf_counter() + 0.0105
    while time.perf_counter() < end:
        pass

plain, watched = DAGExecutor(dag_of(busy)), DAGExecutor(dag_of(busy))
watch(watched)
"""
RUN_COST = """
taken = {plain: [], watched: []}
for _ in range(5):
    for executor in taken:
        result = await executor.aexecute()
        taken[executor].append(result.execution_time_seconds)
        await asyncio.sleep(0.5)
print(json.dumps([statistics.median(seconds) for seconds in taken.values()]))
"""
WATCH_MESSAGES = """
async def speak():
    emitter = current_emitter()
    for _ in range(250):
        emitter.emit(Token, text="word ")
        await asyncio.sleep(0.02)

speaking = DAGExecutor(dag_of(speak, nodes=10))
view = watch(speaking)
"""
RUN_MESSAGES = """
sent = []
send = view.comm.send
view.comm.send = lambda *args, **more: (sent.append(1), send(*args, **more))
result = await speaking.aexecute()
print(json.dumps(len(sent) / result.execution_time_seconds))
"""


def main() -> int:
    """Print a line for each bound; 0 if all hold."""
    with (
        tempfile.TemporaryDirectory() as folder,
        lab_server(Path(folder)) as (address, root),
        lab_in_browser(address) as lab,
    ):
        lab.context.set_default_timeout(PATIENCE)
        painted = milliseconds_to_paint(lab, root)
        alone, with_view = told(opened(lab, root, WATCH_COST, RUN_COST))
        messages = told(opened(lab, root, WATCH_MESSAGES, RUN_MESSAGES))
    held = [
        bound(f"status change to painted frame, {NODES} nodes, median ms", painted, 16),
        bound(f"a run of {alone:.1f} s with its view / without", with_view / alone, 1.05),
        bound("messages a second of a view, 500 events a second", messages, 20),
    ]
    return 0 if all(held) else 1


def milliseconds_to_paint(lab: Lab, root: Path) -> float:
    """Return the median time from a node's end in the kernel to the frame that shows it."""
    notebook = opened(lab, root, WATCH_PAINT, RUN_PAINT, run=(0, 1))
    notebook.page.wait_for_selector(".linus-run .node")
    notebook.page.evaluate(OBSERVE)
    notebook.run_cell(2).wait_for_cell(2)
    changed = told(notebook, close=False)
    painted = notebook.page.evaluate("window.painted")
    notebook.close()
    times = [painted[node] - changed[node] for node in painted.keys() & changed.keys()]
    return statistics.median(times) if len(times) >= LEAST_CHANGES else float("inf")


def opened(lab: Lab, root: Path, *cells: str, run: tuple[int, ...] = (0, 1, 2)) -> LabNotebook:
    """Open a notebook with the cells behind the common one, and run those of these numbers."""
    path = root / "measured.ipynb"
    write_notebook(path, (BUILD, *cells))
    lab.page.set_viewport_size({"width": 1280, "height": 1000})
    notebook = LabNotebook(lab, path)
    notebook.wait_for_kernel()
    for number in run:
        notebook.run_cell(number).wait_for_cell(number)
    return notebook


def told(notebook: LabNotebook, *, close: bool = True) -> Any:
    """Return what the last cell printed, as JSON."""
    printed = notebook.output(2).locator(".jp-RenderedText[data-mime-type$='stdout']")
    value = json.loads(printed.inner_text())
    if close:
        notebook.close()
    return value


if __name__ == "__main__":
    raise SystemExit(main())
