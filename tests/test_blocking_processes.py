"""Blocking calls and background runs in processes of their own."""

import subprocess
import sys

SCRIPT = """
import asyncio
from linus_nb.graph import AgentDAG, AgentNode, DAGExecutor

async def work(seconds=0.01):
    await asyncio.sleep(seconds)
    return 42

def executor(**options):
    dag = AgentDAG("d")
    dag.add_node(AgentNode("a", work, **options))
    return DAGExecutor(dag)
"""


def run_script(text):
    """Run ``text`` after the lines above in a process of its own and return what it printed."""
    command = [sys.executable, "-c", SCRIPT + text]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""
    return done.stdout.split()


class TestWholeProcesses:
    def test_where_asyncio_has_been_patched_everything_works_as_ever(self):
        printed = run_script("""
import nest_asyncio2
nest_asyncio2.apply()

async def cell():
    print(executor(timeout_seconds=1).execute()["a"])
    print((await executor(timeout_seconds=1).aexecute())["a"])
    print(asyncio.run(work()))

asyncio.run(cell())
""")
        assert printed == ["42", "42", "42"]

    def test_nested_loops_work_once_they_are_allowed(self):
        printed = run_script("""
import linus_nb

async def cell():
    linus_nb.allow_nested_loops()
    print(asyncio.run(work()), executor().execute()["a"])

asyncio.run(cell())
""")
        assert printed == ["42", "42"]

    def test_nothing_but_the_explicit_call_patches_asyncio(self):
        printed = run_script("""
executor().execute()
print(hasattr(asyncio, "_nest_patched"))
""")
        assert printed == ["False"]

    def test_a_script_may_end_while_a_run_goes_on(self):
        printed = run_script("""
dag = executor().dag
dag.add_node("slow", lambda: __import__("time").sleep(30))
dag.add_node("wait", lambda: 1)
handle = DAGExecutor(dag).start()
print(handle.status)
""")
        assert printed == ["running"]

    def test_an_agent_of_many_loops_leaves_no_complaint(self):
        printed = run_script("""
ex = executor()
both = [ex.execute()["a"] for _ in range(4)]
both += [asyncio.run(ex.aexecute())["a"] for _ in range(4)]
print(len(both), set(both))
""")
        assert printed == ["8", "{42}"]
