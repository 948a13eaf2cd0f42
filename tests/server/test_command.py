"""``linus-nb serve`` as a user meets it; ``test_load`` and ``test_shutdown`` run it for real."""

import sys
from pathlib import Path

import pytest
import uvicorn
from fastapi.testclient import TestClient

from linus_nb import cli
from linus_nb.server.command import load_app


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return the current folder, an empty one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "shop", raising=False)
    return tmp_path


def test_it_serves_on_loopback_unless_told_otherwise(folder, monkeypatch):
    (folder / "shop.py").write_text("async def app(scope, receive, send): ...\n")
    served = []
    monkeypatch.setattr(uvicorn, "run", lambda app, **options: served.append((app, options)))
    assert cli.main(["serve", "shop:app", "--grace", "3"]) == 0
    ((app, options),) = served
    assert app is sys.modules["shop"].app
    assert (options["host"], options["port"]) == ("127.0.0.1", 8000)
    assert options["timeout_graceful_shutdown"] == 3


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("shop", "does not say which app of which module"),
        ("shop:app", "there is no module 'shop'"),
    ],
)
def test_a_wrong_target_is_told_with_what_to_type(folder, capsys, target, told):
    assert cli.main(["serve", target]) == 1
    said = capsys.readouterr().err
    assert told in said
    assert "  -> " in said


def test_a_name_that_is_no_app_is_told_with_how_to_make_one(folder, capsys):
    (folder / "shop.py").write_text("dag = 'a DAG'\n")
    assert cli.main(["serve", "shop:dag"]) == 1
    assert "dag = create_app(" in capsys.readouterr().err
    assert cli.main(["serve", "shop:app"]) == 1
    assert "no such name" in capsys.readouterr().err


def test_an_import_that_fails_inside_the_module_is_not_hidden(folder):
    (folder / "shop.py").write_text("import a_module_that_is_not_there\n")
    with pytest.raises(ModuleNotFoundError, match="a_module_that_is_not_there"):
        load_app("shop:app")


def test_the_example_is_served_as_it_says(monkeypatch):
    monkeypatch.chdir(Path(__file__).parents[2] / "examples")
    monkeypatch.setattr(sys, "path", list(sys.path))
    client = TestClient(load_app("serve_app:app"))
    told = client.post("/dag/execute", json={"city": "Oslo", "days": 3}).json()
    assert told["results"]["plan"] == "3 nights in the Grand Hotel of Oslo, sun in Oslo"
