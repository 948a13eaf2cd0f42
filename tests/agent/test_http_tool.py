"""Only listed hosts are asked, at every hop."""

import contextlib
import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from linus_nb.agent.tools import create_http_get, run_tool
from linus_nb.errors import OptionError, ToolError, ToolTimeoutError

pytestmark = pytest.mark.anyio


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
