"""Sizes of the load tests: small in every run, in full by ``make campaign``."""

import pytest
from serving import IN_FULL


@pytest.fixture
def many():
    """How many clients leave at once."""
    return 100 if IN_FULL else 25


@pytest.fixture
def measured(request):
    """Return what puts a figure on the screen, whether the test passes or not."""
    return request.config.pluginmanager.get_plugin("terminalreporter").write_line
