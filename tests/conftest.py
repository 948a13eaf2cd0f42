"""What every test may use."""

import pytest

from linus_nb.agent.serving.fetch import fetch

collect_ignore_glob = ["*conftest.py"]
"""Several files of that name cannot be looked through for doctests, and none has any."""


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="session")
def model_file():
    """The embedded model's file, fetched into the user's cache where it is not there."""
    return fetch(progress=False)
