import os

import pytest


@pytest.fixture
def without_dot(monkeypatch):
    """A machine that has no Graphviz."""
    monkeypatch.setenv("PATH", "")


@pytest.fixture
def replace_dot(monkeypatch, tmp_path):
    """A function that puts a shell script in dot's place."""

    def replace(script):
        program = tmp_path / "dot"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    return replace
