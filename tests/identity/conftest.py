"""A store in memory."""

import pytest

from pbf.store.store import Store


@pytest.fixture
def memory():
    opened = Store("sqlite://")
    yield opened
    opened.close()
