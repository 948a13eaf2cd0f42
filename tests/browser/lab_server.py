"""A JupyterLab server with a configuration of its own, and a browser for it."""

import json
import os
import socket
import subprocess
import sys
import urllib.request
from contextlib import contextmanager

from kernels import IPYKERNEL_6 as LAST_6
from kernels import python_with
from lab_notebook import IPYKERNEL_6, Lab
from playwright.sync_api import sync_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "docmanager-extension/plugin": {"autosave": False},
}


@contextmanager
def lab_server(folder):
    """Run JupyterLab in ``folder``; gives its address and the folder of its notebooks."""
    for name, settings in SETTINGS.items():
        path = folder / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings))
    add_kernel(folder / "data", IPYKERNEL_6, python_with(LAST_6))
    root = folder / "root"
    root.mkdir()
    with running(folder, lambda port: lab_command(root, port), "/api") as address:
        yield address, root


@contextmanager
def running(folder, command, path):
    """Run the server that ``command`` starts on a port; gives its address once ``path`` is up."""
    port = free_port()
    process = start_server(folder, command(port))
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until_up(process, address + path)
        yield address
    finally:
        stop(process)


@contextmanager
def lab_in_browser(address):
    """Open JupyterLab in headless Chromium."""
    with browser() as chromium:
        yield Lab(chromium, address)


@contextmanager
def browser():
    """Start headless Chromium."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, headless=True, args=list(FLAGS)
        )
        yield chromium
        chromium.close()


def add_kernel(data, name, python):
    """Let the server offer a kernel of another environment."""
    spec = data / "kernels" / name / "kernel.json"
    spec.parent.mkdir(parents=True)
    command = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec.write_text(json.dumps({"argv": command, "display_name": name, "language": "python"}))


def start_server(folder, command):
    private = {
        "JUPYTER_CONFIG_DIR": folder / "config",
        "JUPYTER_DATA_DIR": folder / "data",
        "JUPYTER_RUNTIME_DIR": folder / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": folder / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": folder / "workspaces",
        "IPYTHONDIR": folder / "ipython",
    }
    with (folder / "server.log").open("w") as log:
        return subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=folder,
            env={**os.environ, **{key: str(path) for key, path in private.items()}},
            stdout=log,
            stderr=log,
        )


def lab_command(root, port):
    return (
        "jupyterlab",
        "--no-browser",
        "--allow-root",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={root}",
        "--IdentityProvider.token=",
        "--ServerApp.disable_check_xsrf=True",
        "--LabApp.expose_app_in_browser=True",
        "--LabApp.extension_manager=readonly",
    )


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def stop(process):
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()  # its kernels see that it is gone, and end
        process.wait()


def wait_until_up(process, url):
    """Ask until the server answers; each try waits for its own connection."""
    for _ in range(600):
        assert process.poll() is None, "the server has ended"
        try:
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 - our own loopback server
        except OSError:
            subprocess.run([sys.executable, "-c", ""], check=True)  # gives it the processor
        else:
            return
    raise TimeoutError(f"nothing answers at {url}")
