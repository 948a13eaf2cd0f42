"""What cannot travel to a worker, or back, is named."""

import asyncio
import subprocess
import sys
import threading
from functools import partial
from types import ModuleType, SimpleNamespace

import pytest
from distributed import Client

from linus_nb.cluster import DaskBackend
from linus_nb.cluster.travelling import PackedError, pack, unpack
from linus_nb.errors import ClusterError, ModelBusyError, NodeFailedError, OptionError
from linus_nb.graph import AgentDAG, DAGExecutor, SharedState

LOCK = threading.Lock()


def closure_of(lock):
    return lambda: lock


class Holder:
    def __init__(self):
        self.inner = SimpleNamespace(lock=threading.Lock())

    def method(self):
        return self.inner


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"a": [1, threading.Lock()]}, "$['a'][1] is a lock"),
        (("x", {"b": threading.Lock()}), "$[1]['b'] is a lock"),
        (closure_of(threading.Lock()), "$.lock is a lock"),
        (partial(print, threading.Lock(), end=""), "$['args'][0] is a lock"),
        (Holder().method, "$.inner.lock is a lock"),
    ],
)
def test_the_part_that_cannot_travel_is_told_by_its_path(value, path):
    with pytest.raises(ClusterError) as raised:
        pack(value, "what node 'a' reads")
    assert raised.value.message == f"what node 'a' reads cannot travel: {path}"
    assert "thread=False" in raised.value.hint


def test_a_value_that_contains_itself_is_searched_to_an_end():
    loop = [threading.Lock()]
    loop.insert(0, loop)
    with pytest.raises(ClusterError, match="cannot travel"):
        pack(loop, "it")


class BrokenError(Exception):
    def __init__(self, text):
        super().__init__(text)
        self.lock = threading.Lock()


class NeedsTwoError(Exception):
    def __init__(self, one, two):
        super().__init__(f"{one} {two}")


def travelled(error):
    return unpack(pack(PackedError.of(error), "it"), "it", "here").unpack()


def test_an_error_that_cannot_be_made_again_is_told_as_text():
    error = travelled(NeedsTwoError("a", "b"))
    assert (type(error), str(error)) == (NodeFailedError, "NeedsTwoError: a b")


def test_a_long_chain_of_causes_is_cut():
    error = None
    for number in range(5_000):
        following = ValueError(number)
        following.__cause__, error = error, following
    assert repr(PackedError.of(error).unpack()) == "ValueError(4999)"


def test_our_own_errors_keep_class_hint_and_attributes():
    error = travelled(ModelBusyError("full", hint="wait", response={"so far": 1}))
    assert (type(error), str(error)) == (ModelBusyError, "full\n  -> wait")
    assert error.response == {"so far": 1}


def test_errors_and_causes_that_cannot_travel_are_told_as_text():
    try:
        try:
            _ = {}[BrokenError("inner")]
        except KeyError as inner:
            raise BrokenError("middle") from inner
    except BrokenError as middle:
        outer = ValueError("outer")
        outer.__cause__ = middle
    error = travelled(outer)
    middle = error.__cause__
    assert (type(error), str(error)) == (ValueError, "outer")
    assert (type(middle), str(middle)) == (NodeFailedError, "BrokenError: middle")
    assert str(middle.__cause__).startswith("KeyError: ")


def run(function, backend, state=None):
    dag = AgentDAG("one")
    dag.node("n", function)
    return DAGExecutor(dag, backend=backend).execute(state or {}).errors["n"]


def test_the_node_is_named_whose_function_input_or_output_cannot_travel(backend):
    lock = threading.Lock()
    assert run(closure_of(lock), backend).startswith("node 'n' cannot travel: $.lock is a lock")
    told = run(lambda held: held, backend, {"held": lock})
    assert told.startswith("what node 'n' reads cannot travel: $[0][0] is a lock")
    told = run(lambda: {"lock": threading.Lock()}, backend)
    assert told.startswith("what node 'n' returned cannot travel: $['lock'] is a lock")


def test_a_module_that_the_workers_lack_is_named(backend):
    module = ModuleType("only_here")
    exec("def work(): return 1", module.__dict__)  # noqa: S102
    sys.modules["only_here"] = module
    try:
        told = run(module.work, backend)
    finally:
        del sys.modules["only_here"]
    assert told.startswith("node 'n' cannot be made on worker ")
    assert "No module named 'only_here'" in told
    assert "upload_file" in told


def test_what_is_no_client_is_refused():
    with pytest.raises(OptionError, match="no client"):
        DaskBackend("tcp://127.0.0.1:8786")


def test_a_client_that_was_closed_is_named(cluster):
    with Client(cluster) as client:
        backend = DaskBackend(client)
    assert run(lambda: 1, backend).startswith("the cluster's client is closed")


@pytest.mark.anyio
async def test_an_asynchronous_client_and_a_blocking_run_do_not_wait_for_each_other(own_backend):
    told = await asyncio.to_thread(run, lambda: 1, own_backend)
    assert told.startswith("an asynchronous client works only for runs that are awaited on its own")


def test_an_agent_with_a_state_of_its_own_is_refused(backend):
    class Agent:
        state = SharedState()

        async def arun(self, task):
            return task

    dag = AgentDAG("one")
    dag.node("n", Agent())
    error = DAGExecutor(dag, backend=backend).execute().errors["n"]
    assert error.startswith("the agent of node 'n' puts its result into a state")


def test_a_cluster_without_workers_is_named(monkeypatch):
    monkeypatch.setattr("linus_nb.cluster.lanes._PATIENCE", 0.3)
    with Client(n_workers=0, processes=False, dashboard_address=":0") as client:
        told = run(lambda: 1, DaskBackend(client))
    assert "has no workers" in told
    assert "cluster.scale(2)" in told


def test_a_worker_with_another_version_is_not_used(client, monkeypatch):
    monkeypatch.setattr("linus_nb.cluster.lanes.__version__", "0.0.9")
    told = run(lambda: 1, DaskBackend(client))
    assert "has linus_nb 0.1.0, this is 0.0.9" in told
    assert "pip install linus-nb==0.0.9" in told


def test_without_distributed_the_import_says_what_to_install():
    code = (
        "import importlib.util as util\n"
        "found = util.find_spec\n"
        "util.find_spec = lambda name, *of: None if name == 'distributed' else found(name, *of)\n"
        "try:\n"
        "    import linus_nb.cluster\n"
        "except ImportError as error:\n"
        "    print(error)\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 'pip install "linus-nb[dask]"' in told.stdout
    loaded = "import sys, linus_nb, linus_nb.graph; print('distributed' in sys.modules)"
    told = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "False"
