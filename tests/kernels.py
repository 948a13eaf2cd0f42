"""Real Jupyter kernels for tests: start one in any environment, run a cell, interrupt it, time it.

``python tests/kernels.py`` makes the environments that need making, so that tests need not.
"""

import contextlib
import hashlib
import shutil
import subprocess
import sys
import time
import venv
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_client import BlockingKernelClient, KernelManager
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager

from linus_nb.agent.serving.model_file import cache_folder

OWN, IPYKERNEL_6 = "own", "6.31.0"
KERNELS = (OWN, IPYKERNEL_6)
"""The ipykernel of the tests' environment (7.4 at the time of writing), and the last 6."""

LONGEST = 60.0  # seconds for a kernel to start, or for a cell that nobody interrupts


def python_with(ipykernel):
    """Return the Python of an environment with this ipykernel, made once where it is missing.

    It sees all that the tests' own environment has, behind its own ipykernel, so making it
    takes two small packages and a few seconds.
    """
    if ipykernel == OWN:
        return sys.executable
    of_us = hashlib.sha256(sys.prefix.encode()).hexdigest()[:8]
    home = cache_folder() / f"ipykernel-{ipykernel}-{of_us}"
    python = home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    made = home / "made"
    if not made.exists():
        shutil.rmtree(home, ignore_errors=True)
        venv.create(home, symlinks=sys.platform != "win32")
        _see_packages_of_ours(python)
        pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
        packages = [f"ipykernel=={ipykernel}", "--disable-pip-version-check"]
        subprocess.run([*pip, *packages], check=True)
        made.touch()
    return str(python)


def _see_packages_of_ours(python):
    """Put the tests' packages behind the environment's own, editable ones among them."""
    asked = "import sysconfig; print(sysconfig.get_path('purelib'))"
    theirs, ours = (
        subprocess.run([each, "-c", asked], check=True, capture_output=True, text=True).stdout
        for each in (str(python), sys.executable)
    )
    line = f"import site; site.addsitedir({ours.strip()!r})\n"
    (Path(theirs.strip()) / "packages_of_ours.pth").write_text(line)


@dataclass
class Outcome:
    """How a cell ended.

    ``status`` is "ok", "error" or "aborted"; ``seconds`` counts from the interrupt if there
    was one, else from sending the cell; ``text`` is what it printed, and its value.
    """

    status: str
    seconds: float
    error: str = ""
    text: str = ""


@dataclass
class Kernel:
    """A running kernel."""

    manager: KernelManager
    client: BlockingKernelClient
    sent_at: dict = field(default_factory=dict)

    def send(self, code):
        """Send a cell and return its id; it runs while the test goes on."""
        cell = self.client.execute(code)
        self.sent_at[cell] = time.perf_counter()
        return cell

    def interrupt(self, cell):
        """Do what the button ■ does to this cell, and return how it ended."""
        self.sent_at[cell] = time.perf_counter()
        self.manager.interrupt_kernel()
        return self.ended(cell)

    def run(self, code):
        """Run a cell to its end and return how it ended."""
        return self.ended(self.send(code))

    def ended(self, cell):
        """Wait for the end of a cell."""
        while (reply := self.client.get_shell_msg(timeout=LONGEST))["parent_header"].get(
            "msg_id"
        ) != cell:
            pass
        seconds = time.perf_counter() - self.sent_at[cell]
        content = reply["content"]
        error = f"{content['ename']}: {content['evalue']}" if "ename" in content else ""
        return Outcome(content["status"], seconds, error, self._said(cell))

    def _said(self, cell):
        texts = []
        while True:
            message = self.client.get_iopub_msg(timeout=LONGEST)
            if message["parent_header"].get("msg_id") != cell:
                continue
            content = message["content"]
            if content.get("execution_state") == "idle":
                return "".join(texts)
            texts.append(content.get("text") or content.get("data", {}).get("text/plain", ""))


class _OnePython(KernelSpecManager):
    """Knows one kernel: the one of a given Python."""

    def __init__(self, python):
        super().__init__()
        self.python = python

    def get_kernel_spec(self, kernel_name):
        argv = [self.python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name=kernel_name, language="python")


@contextlib.contextmanager
def kernel_of(python, cwd=None):
    """Start a kernel of ``python`` and end it on leaving."""
    manager = KernelManager(kernel_spec_manager=_OnePython(python))
    manager.start_kernel(cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=LONGEST)
        yield Kernel(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.context.destroy()


@contextlib.contextmanager
def prepared_kernel(ipykernel, prepare, folder):
    """Start a kernel in which ``prepare`` has run; ``marker`` in it is a file to wait for."""
    with kernel_of(python_with(ipykernel)) as running:
        running.marker = folder / "marker"
        assert running.run(prepare.format(marker=str(running.marker))).status == "ok"
        yield running


def wait_for(path):
    """Wait for the file that a cell makes when it has got that far, and remove it."""
    limit = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < limit, "the cell never got there"
        time.sleep(0.005)
    path.unlink()


if __name__ == "__main__":
    for version in KERNELS:
        print(python_with(version))  # noqa: T201
