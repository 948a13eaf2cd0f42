"""The command ``linus-nb`` as a user meets it."""

import io
import shutil
import sys
from base64 import b64encode

import nbformat
import pytest

from linus_nb import cli, demo, doctor
from linus_nb.agent.serving.status import ModelFileStatus, OllamaStatus
from linus_nb.errors import LinusError

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)

SVG = "<svg></svg>"
CELL_WITH_PICTURE = (
    f'<b><img alt="a" src="data:image/svg+xml;base64,{b64encode(SVG.encode()).decode()}"/></b>'
)


def notebook_of(*sources):
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(source) for source in sources]
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    return notebook


@pytest.fixture
def quickstart(monkeypatch, tmp_path):
    """Make the demo run a notebook of the test's own."""

    def put(*sources):
        path = tmp_path / demo.NOTEBOOK
        nbformat.write(notebook_of(*sources), path)
        monkeypatch.setattr(demo, "find_notebook", lambda: path)
        return tmp_path / "out"

    return put


class TestDemo:
    def test_the_quickstart_is_found_in_a_checkout(self):
        assert demo.find_notebook().name == "quickstart.ipynb"

    @pytest.mark.kernel
    def test_it_shows_progress_saves_the_pictures_and_says_where_they_are(self, quickstart):
        folder = quickstart(
            "# NBVAL_TEST_NAME: say a word\nprint('a word')",
            "# NBVAL_TEST_NAME: two pictures\n"
            "from base64 import b64decode\nfrom IPython.display import Image, HTML\n"
            f"display(Image(b64decode({PIXEL!r})), HTML({CELL_WITH_PICTURE!r}))",
        )
        screen = io.StringIO()
        assert demo.run_demo(folder, screen) == 0
        told = screen.getvalue()
        assert told.startswith("[1/2] say a word\n[2/2] two pictures\n")
        assert "a word" in told
        assert sorted(path.name for path in folder.iterdir()) == [
            "quickstart.ipynb",
            "two-pictures-2.svg",
            "two-pictures.png",
        ]
        assert (folder / "two-pictures-2.svg").read_text() == SVG
        assert all(str(path.resolve()) in told for path in folder.iterdir())

    @pytest.mark.kernel
    def test_a_failing_cell_is_told_and_what_ran_is_saved(self, quickstart):
        folder = quickstart("print('before')", "raise ValueError('no luck')")
        with pytest.raises(LinusError, match=r"ValueError: no luck[\s\S]*linus-nb doctor"):
            demo.run_demo(folder, io.StringIO())
        saved = nbformat.read(folder / demo.NOTEBOOK, as_version=4)
        assert saved.cells[0].outputs[0].text == "before\n"

    def test_an_error_is_one_message_and_exit_status_1(self, monkeypatch, capsys):
        def fail(_folder, _screen):
            raise LinusError("no kernel", hint="pip install ipykernel")

        monkeypatch.setattr(demo, "run_demo", fail)
        assert cli.main(["demo"]) == 1
        assert capsys.readouterr().err == "linus-nb: no kernel\n  -> pip install ipykernel\n"


class TestDoctor:
    @pytest.fixture
    def machine(self, monkeypatch):
        """Set what the machine has."""

        def put(*, models=None, model_file=True, dot=True):
            up = models is not None
            ollama = OllamaStatus("http://127.0.0.1:11434", up, "0.12.0", tuple(models or ()), "no")
            file = ModelFileStatus(
                __file__ if model_file else None,
                usable=model_file,
                size=98_000_000,
                error="no model file",
                hint="linus-nb fetch",
            )
            monkeypatch.setattr(doctor, "ollama_status", lambda: ollama)
            monkeypatch.setattr(doctor, "model_file_status", lambda: file)
            monkeypatch.setattr(shutil, "which", lambda _: sys.executable if dot else None)

        return put

    def found(self):
        return {finding.what: finding for finding in doctor.examine()}

    def test_a_machine_with_the_model_file_needs_no_ollama(self, machine, capsys):
        machine()
        assert cli.main(["doctor"]) == 0
        assert "98 MB" in capsys.readouterr().out

    def test_a_machine_with_neither_is_told_both_commands_and_exits_1(self, machine, capsys):
        machine(model_file=False)
        assert cli.main(["doctor"]) == 1
        told = capsys.readouterr().out
        assert "-> linus-nb fetch" in told
        assert "ollama serve" in told

    def test_an_ollama_without_models_is_told_to_pull_one(self, machine):
        machine(models=[])
        assert self.found()["Ollama"].bring == "ollama pull gemma3:4b"

    def test_an_ollama_with_models_names_them(self, machine):
        machine(models=["gemma3:4b"], model_file=False)
        found = self.found()
        assert "gemma3:4b" in found["Ollama"].found
        assert found["model file"].optional

    def test_dot_is_optional_and_the_command_that_brings_it_is_named(self, machine):
        machine(dot=False)
        dot = self.found()["dot"]
        assert (dot.ok, dot.optional) == (False, True)
        assert "apt-get install graphviz" in dot.bring

    def test_a_missing_package_names_the_extra(self, machine, monkeypatch):
        def absent(name):
            raise doctor.PackageNotFoundError(name)

        machine()
        monkeypatch.setattr(doctor, "version", absent)
        found = self.found()
        assert "linus-nb[local]" in found["xllamacpp"].bring
        assert not found["ipykernel"].ok


def test_the_version_is_printed(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert capsys.readouterr().out.startswith("linus_nb ")
