"""Stores on each kind of database, and channels."""

import pytest

from pbf.store.store import Store
from tests.support.stores import address


@pytest.fixture(params=["memory", "postgres"])
def store(request, tmp_path):
    opened = Store(address(request, tmp_path))
    yield opened
    opened.close()
