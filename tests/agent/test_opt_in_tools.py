"""The tools that reach out do so only where they may."""

import asyncio
import contextlib
import gzip
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from linus_nb.agent.tools import create_file_reader, create_http_get, create_shell, run_tool
from linus_nb.errors import OptionError, ToolError, ToolTimeoutError

pytestmark = pytest.mark.anyio

# --- files ------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "root"
    (root / "notes").mkdir(parents=True)
    (root / "notes" / "a.txt").write_text("tea at five", encoding="utf-8")
    (root / "binary").write_bytes(b"\0\1\2")
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    (tmp_path / "root-twin").mkdir()
    (tmp_path / "root-twin" / "b.txt").write_text("secret", encoding="utf-8")
    (root / "link.txt").symlink_to(tmp_path / "secret.txt")
    (root / "up").symlink_to(tmp_path)
    (root / "inner.txt").symlink_to(root / "notes" / "a.txt")
    (root / "loop").symlink_to(root / "loop")
    os.mkfifo(root / "pipe")
    return root


async def read(folder, path, **options):
    offset = options.pop("offset", 0)
    reader = create_file_reader(folder, **options)
    return await run_tool(reader, {"path": path, "offset": offset}, timeout=5)


@pytest.mark.parametrize("path", ["notes/a.txt", "notes/../notes/a.txt", "inner.txt"])
async def test_files_below_the_folder_are_read(folder, path):
    assert await read(folder, path) == "tea at five"


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "link.txt",
        "up/secret.txt",
        "../root-twin/b.txt",
        "/etc/passwd",
        "notes/../../secret.txt",
    ],
)
async def test_nothing_outside_of_the_folder_is_read(folder, path):
    with pytest.raises(ToolError, match="is outside the folder"):
        await read(folder, path)


@pytest.mark.parametrize("path", ["absent.txt", "notes", "", ".", "pipe"])
async def test_what_is_no_file_is_refused_with_what_there_is(folder, path):
    with pytest.raises(ToolError, match="there is no file") as caught:
        await read(folder, path)
    assert "'notes'" in caught.value.hint


@pytest.mark.parametrize("path", ["a\0b", "x" * 5000, "loop"])
async def test_an_impossible_path_is_refused(folder, path):
    with pytest.raises(ToolError):
        await read(folder, path)


async def test_a_binary_file_is_refused(folder):
    with pytest.raises(ToolError, match="not a text file"):
        await read(folder, "binary")


async def test_a_long_file_is_read_in_parts(folder):
    first = await read(folder, "notes/a.txt", max_bytes=4)
    assert first == "tea \n… (bytes 0 to 4 of 11; read on with offset=4)"
    assert await read(folder, "notes/a.txt", max_bytes=7, offset=4) == "at five"


def test_the_folder_must_exist(tmp_path):
    with pytest.raises(OptionError, match="is no folder"):
        create_file_reader(tmp_path / "absent")


# --- HTTP -------------------------------------------------------------------


class Pages(BaseHTTPRequestHandler):
    """Pages that tempt a careless client."""

    def do_GET(self):
        self.server.seen.append(self.path)
        route, _, target = self.path.partition("?")
        zipped = gzip.compress(b"x" * 10**6)
        latin = {"Content-Type": "text/plain; charset=latin-1"}
        pages = {
            "/": (200, b"hello", {}),
            "/redirect": (302, b"", {"Location": target}),
            "/large": (200, b"x" * 5000, {}),
            "/zipped": (200, zipped, {"Content-Encoding": "gzip"}),
            "/latin": (200, "é".encode("latin-1"), latin),
            "/cookie": (302, b"", {"Location": "/echo", "Set-Cookie": "id=1"}),
            "/echo": (200, str(self.headers.get("Cookie")).encode(), {}),
        }
        if route == "/hang":
            self.server.release.wait()
        status, content, headers = pages.get(route, (404, b"nothing here", {}))
        self.reply(status, content, **headers)

    def reply(self, status, content, **headers):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(content)

    def log_message(self, *args):
        """Say nothing."""


@contextlib.contextmanager
def web():
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        server.seen, server.release = [], threading.Event()
        server.host = f"127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.release.set()
            server.shutdown()
            thread.join()


async def get(server, path, **options):
    tool = create_http_get(options.pop("allow", [server.host]), **options)
    return await run_tool(tool, {"url": path if "://" in path else f"http://{server.host}{path}"})


@pytest.mark.parametrize(
    ("path", "text"),
    [("/", "hello"), ("/redirect?/", "hello"), ("/latin", "é"), ("/cookie", "None")],
)
async def test_allowed_pages_are_read_without_cookies(path, text):
    with web() as server:
        assert await get(server, path) == text


async def test_a_redirect_to_another_host_is_not_followed():
    with web() as server, web() as other:
        with pytest.raises(ToolError, match="not on the list of allowed hosts"):
            await get(server, f"/redirect?http://{other.host}/")
        assert other.seen == []


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("http://localhost:{port}/", "not on the list"),
        ("https://127.0.0.1:{port}/ ", "cannot fetch"),
        ("http://127.0.0.1/", "not on the list"),
        ("http://user:pw@127.0.0.1:{port}/", "user name or password"),
        ("http://127.0.0.1:{port}@evil.example/", "user name or password"),
        ("http://127.0.0.1.evil.example:{port}/", "not on the list"),
        ("file:///etc/passwd", "not on the list"),
        ("http://[::1]:{port}/", "not on the list"),
        ("http://2130706433:{port}/", "not on the list"),
        ("http://", "not on the list"),
        ("http://a:b:c/", "cannot fetch"),
    ],
)
async def test_other_addresses_are_refused_before_a_request(url, complaint):
    with web() as server:
        with pytest.raises(ToolError, match=complaint):
            await get(server, url.format(port=server.server_port))
        assert server.seen == []


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("/large", "more than 1,000 bytes"),
        ("/zipped", "compressed"),
        ("/absent", "answered 404: nothing here"),
        (
            "/redirect?/redirect?/redirect?/redirect?/redirect?/redirect?/redirect?/",
            "more than 5 times",
        ),
    ],
)
async def test_a_page_that_is_not_to_be_had_says_why(path, complaint):
    with web() as server, pytest.raises(ToolError, match=complaint):
        await get(server, path, max_bytes=1000)


async def test_a_page_that_takes_too_long_is_a_timeout():
    with web() as server, pytest.raises(ToolTimeoutError, match=r"longer than 0\.05 s"):
        await get(server, "/hang", timeout=0.05)


async def test_a_scheme_on_the_list_admits_only_itself():
    tool = create_http_get(["https://example.com"])
    with pytest.raises(ToolError, match=r"http://example\.com:80 is not on the list"):
        await run_tool(tool, {"url": "http://example.com/"})


@pytest.mark.parametrize("allow", [[], "example.com", [""], ["ftp://x"], ["x/path"], ["x:port"]])
def test_a_list_that_names_no_host_is_refused(allow):
    with pytest.raises(OptionError):
        create_http_get(allow)


# --- shell ------------------------------------------------------------------


async def run(command, approve=lambda command: True, **options):
    return await run_tool(create_shell(approve, **options), {"command": command})


async def test_an_approved_command_runs_in_its_folder(tmp_path):
    (tmp_path / "here").touch()
    assert await run("ls; exit 3", folder=tmp_path) == {"exit_code": 3, "output": "here\n"}


async def test_errors_are_part_of_the_output():
    assert (await run("echo oops >&2"))["output"] == "oops\n"


async def test_each_command_is_asked_for_and_off_the_loop():
    asked = []

    def approve(command):
        asked.append((command, threading.current_thread() is threading.main_thread()))
        return len(asked) == 1

    shell = create_shell(approve)
    await run_tool(shell, {"command": "true"})
    with pytest.raises(ToolError, match="'true' was not approved"):
        await run_tool(shell, {"command": "true"})
    assert asked == [("true", False), ("true", False)]


async def asked_later(command):
    return command == "echo yes"


@pytest.mark.parametrize("answer", [False, None, 1, "yes"])
async def test_only_true_lets_a_command_run(answer, tmp_path):
    with pytest.raises(ToolError, match="not approved"):
        await run(f"touch {tmp_path / 'ran'}", lambda command: answer)
    assert list(tmp_path.iterdir()) == []


async def test_the_approval_may_be_async():
    assert (await run("echo yes", asked_later))["output"] == "yes\n"
    with pytest.raises(ToolError, match="not approved"):
        await run("echo no", asked_later)


async def test_long_output_is_cut_and_counted():
    result = await run(f"{sys.executable} -c 'print(\"x\" * 99999)'", max_bytes=10)
    assert result["output"] == "x" * 10 + "\n… (99,990 more bytes)"


async def test_a_command_that_takes_too_long_is_killed_with_its_children(tmp_path):
    pid_file = tmp_path / "pid"
    with pytest.raises(ToolTimeoutError, match="was killed"):
        await run(f"sleep 60 & echo $! > {pid_file}; wait", timeout=1)
    await gone(int(pid_file.read_text()))


async def test_children_that_outlive_their_command_are_killed_too(tmp_path):
    pid_file = tmp_path / "pid"
    with pytest.raises(ToolTimeoutError, match="was killed"):
        await run(f"sleep 60 & echo $! > {pid_file}", timeout=1)
    await gone(int(pid_file.read_text()))


async def test_cancelling_kills_the_command(tmp_path):
    pipe = tmp_path / "started"
    os.mkfifo(pipe)
    call = asyncio.create_task(run(f"echo $$ > {pipe}; exec sleep 60"))
    pid = int(await asyncio.to_thread(pipe.read_text))
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await gone(pid)


async def gone(pid):
    """Wait until a process is no more (or waits, dead, for its parent to notice)."""
    deadline = time.monotonic() + 5
    while True:
        try:
            state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")  # noqa: ASYNC240
        except (FileNotFoundError, ProcessLookupError):
            return
        if state.rpartition(")")[2].split()[0] == "Z":
            return
        assert time.monotonic() < deadline, f"process {pid} still runs"
        await asyncio.sleep(0)


def test_the_approval_must_be_something_to_ask():
    with pytest.raises(OptionError, match="approve=True cannot be asked"):
        create_shell(approve=True)
