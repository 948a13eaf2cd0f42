"""Models from Hugging Face and from a URL, with stand-ins for both on loopback."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from linus_nb import cli
from linus_nb.agent.serving import elsewhere
from linus_nb.agent.serving.fetch import fetch
from linus_nb.agent.serving.model_file import cache_folder, model_file
from linus_nb.errors import MissingExtraError, ModelFileError, OptionError

MODEL = b"GGUF" + bytes(range(256)) * 20_000
SHA256 = hashlib.sha256(MODEL).hexdigest()
COMMIT = "c" * 40


class Handler(BaseHTTPRequestHandler):
    """Serves files by path; a path that it does not know is the hub's own kind of 404."""

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.answer(with_body=False)

    def do_GET(self):
        self.answer(with_body=True)

    def answer(self, *, with_body):
        self.server.asked.append((self.command, self.path))
        moved = self.server.moved.get(self.path)
        content = self.server.files.get(self.path)
        self.send_response(302 if moved else 404 if content is None else 200)
        if moved:
            self.send_header("Location", moved)
        elif content is None:
            self.send_header("X-Error-Code", "EntryNotFound")
        else:
            self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
            self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        if with_body and content:
            cut = self.server.cut
            self.wfile.write(content[:cut])
            self.close_connection = cut is not None


@pytest.fixture
def web(monkeypatch, tmp_path):
    """A server whose ``files`` a test fills; it is the hub too."""
    monkeypatch.setenv("LINUS_NB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.files, server.moved, server.asked, server.cut = {}, {}, [], None
        server.url = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def hub(web):
    web.files["/owner/name/resolve/main/small.Q4.gguf"] = MODEL
    return web


def names_in_cache():
    return sorted(path.name for path in cache_folder().iterdir())


def test_a_file_of_a_repository_is_taken_and_told(hub):
    told = []
    path = fetch("hf:owner/name", file="small.Q4.gguf", progress=lambda *state: told.append(state))
    assert path.read_bytes() == MODEL
    assert told[-1] == ("downloading", len(MODEL), len(MODEL))
    assert names_in_cache() == ["small.Q4.gguf"]


def test_a_file_that_is_there_is_not_taken_again(hub):
    path = fetch("hf:owner/name", file="small.Q4.gguf", progress=False)
    hub.asked.clear()
    assert fetch("hf:owner/name", file="small.Q4.gguf", sha256=SHA256, progress=False) == path
    assert hub.asked == []


def test_a_revision_may_be_named(hub):
    hub.files["/owner/name/resolve/v2/small.Q4.gguf"] = MODEL + b"2"
    path = fetch("hf:owner/name@v2", file="small.Q4.gguf", progress=False)
    assert path.read_bytes() == MODEL + b"2"


def test_a_fetched_file_is_used_once_the_variable_names_it(hub, monkeypatch):
    path = fetch("hf:owner/name", file="small.Q4.gguf", progress=False)
    monkeypatch.setenv("LINUS_NB_GGUF", str(path))
    assert model_file() == path


def test_a_file_that_the_repository_does_not_have_is_told(hub):
    with pytest.raises(ModelFileError, match=r"'other\.gguf' of 'owner/name' could not") as caught:
        fetch("hf:owner/name", file="other.gguf", progress=False)
    assert caught.value.hint == "see https://huggingface.co/owner/name/tree/main"
    assert caught.value.__cause__ is not None
    assert names_in_cache() == []


def test_a_hub_that_is_not_reached_is_told(web, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # the hub's own library tries again
    with pytest.raises(ModelFileError, match="could not be had"):
        fetch("hf:owner/name", file="small.Q4.gguf", progress=False)


def test_without_huggingface_hub_the_extra_is_named(hub, monkeypatch):
    monkeypatch.setattr(elsewhere, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="needs huggingface_hub") as caught:
        fetch("hf:owner/name", file="small.Q4.gguf", progress=False)
    assert caught.value.hint == 'pip install "linus-nb[hub]"'


def test_a_url_with_its_hash_is_followed_and_taken(web):
    web.moved["/latest/small.gguf"] = "/files/small-v2.gguf"
    web.files["/files/small-v2.gguf"] = MODEL
    told = []
    path = fetch(
        f"{web.url}/latest/small.gguf",
        sha256=SHA256.upper(),
        progress=lambda *state: told.append(state),
    )
    assert (path.name, path.read_bytes()) == ("small.gguf", MODEL)
    assert told[-1] == ("downloading", len(MODEL), len(MODEL))


@pytest.mark.parametrize("where", ["hub", "url"])
def test_another_file_than_the_hash_says_is_refused(hub, where):
    hub.files["/small.gguf"] = MODEL
    source = "hf:owner/name" if where == "hub" else f"{hub.url}/small.gguf"
    file = "small.Q4.gguf" if where == "hub" else None
    with pytest.raises(ModelFileError, match=f"sha256 {SHA256[:16]}... instead of 0000"):
        fetch(source, file=file, sha256="0" * 64, progress=False)
    assert names_in_cache() == []


def test_a_page_that_is_no_model_is_refused(web):
    page = b"<html>log in first</html>"
    web.files["/small.gguf"] = page
    with pytest.raises(ModelFileError, match="is not a GGUF file"):
        fetch(f"{web.url}/small.gguf", sha256=hashlib.sha256(page).hexdigest(), progress=False)


@pytest.mark.parametrize(("status", "cut"), [("404", None), ("peer closed", 1000)])
def test_a_download_that_fails_is_told_and_leaves_nothing(web, status, cut):
    web.cut = cut
    web.files |= {"/small.gguf": MODEL} if cut else {}
    with pytest.raises(ModelFileError, match=status):
        fetch(f"{web.url}/small.gguf", sha256=SHA256, progress=False)
    assert names_in_cache() == []


def test_an_interruption_leaves_nothing(web):
    web.files["/small.gguf"] = MODEL

    def interrupt(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(f"{web.url}/small.gguf", sha256=SHA256, progress=interrupt)
    assert names_in_cache() == []


@pytest.mark.parametrize(
    ("source", "options", "why"),
    [
        ("https://a.org/m.gguf", {}, "nothing says what has to come"),
        ("https://a.org/m.gguf", {"sha256": "abc"}, "is not 64 hexadecimal digits"),
        ("https://a.org/m.bin", {"sha256": SHA256}, "is neither hf:owner/name nor"),
        ("ftp://a.org/m.gguf", {"sha256": SHA256}, "is neither hf:owner/name nor"),
        ("hf:owner/name", {}, "names no GGUF file"),
        ("hf:owner/name", {"file": "m.safetensors"}, "names no GGUF file"),
        ("hf:owner", {"file": "m.gguf"}, "names no GGUF file"),
    ],
)
def test_what_names_no_file_is_refused_before_anything_is_asked(web, source, options, why):
    with pytest.raises(OptionError, match=why):
        fetch(source, progress=False, **options)
    assert web.asked == []


def test_the_command_line_prints_the_path_alone_and_says_how_to_use_it(hub, capsys):
    assert cli.main(["fetch", "hf:owner/name", "--file", "small.Q4.gguf"]) == 0
    told = capsys.readouterr()
    assert told.out.strip().endswith("small.Q4.gguf")
    assert f"export LINUS_NB_GGUF={told.out.strip()}" in told.err
