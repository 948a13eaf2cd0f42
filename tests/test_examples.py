"""The examples run as they are told to be run."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.mark.model
def test_the_async_example_prints_its_five_parts_and_a_speedup(model_file):
    done = subprocess.run(
        [sys.executable, EXAMPLES / "async_example.py"],
        capture_output=True,
        text=True,
        timeout=240,
        check=True,
    )
    assert re.findall(r"^\d", done.stdout, re.MULTILINE) == ["1", "2", "3", "4", "5"]
    assert done.stdout.count("717,710 people live in Oslo") == 3
    speedup = re.search(r"speedup ([\d.]+)x", done.stdout)
    assert speedup is not None
    assert float(speedup[1]) > 1
    assert done.stderr == ""
