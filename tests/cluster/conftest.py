"""One cluster of two worker processes for all tests of this folder."""

import logging
from contextlib import contextmanager

import dask
import pytest
from distributed import Client, LocalCluster

from linus_nb.cluster import DaskBackend

QUICK = {
    "distributed.scheduler.locks.lease-timeout": "1s",
    "distributed.scheduler.locks.lease-validation-interval": "200ms",
}
"""Leases of a dead worker come back within a second."""


@contextmanager
def two_workers():
    """Two processes with one thread each."""
    levels = {handler: handler.level for handler in logging.root.handlers}
    with (
        dask.config.set(QUICK),
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address=":0",
            silence_logs=logging.CRITICAL,
        ) as cluster,
    ):
        for handler, level in levels.items():
            handler.setLevel(level)  # it silences pytest's too, for all tests that follow
        yield cluster


@pytest.fixture(scope="session")
def cluster():
    """The cluster of most tests; nobody kills its workers."""
    with two_workers() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def client(cluster):
    """A client whose loop is in a thread of its own."""
    with Client(cluster) as client:
        client.wait_for_workers(2)
        yield client


@pytest.fixture
def backend(client):
    """The cluster, for an executor."""
    return DaskBackend(client)


@pytest.fixture
def mortal_backend():
    """A cluster of the test's own: Dask does not always replace a worker that is killed."""
    with two_workers() as cluster, Client(cluster) as client:
        client.wait_for_workers(2)
        yield DaskBackend(client)


@pytest.fixture
async def own_backend(cluster):
    """The cluster through an asynchronous client on the test's own loop."""
    async with Client(cluster.scheduler_address, asynchronous=True) as client:
        yield DaskBackend(client)
