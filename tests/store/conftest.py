"""Stores on each kind of database."""

import pytest
from sqlalchemy import URL

from pbf.store.store import Store
from tests.support.stores import address


@pytest.fixture(params=["memory", "file", "postgres"])
def store(request, tmp_path):
    opened = Store(address(request, tmp_path))
    yield opened
    opened.close()


@pytest.fixture(params=["file", "postgres"])
def persistent(request, tmp_path):
    """The URL of an empty database that outlives the process."""
    if request.param == "postgres":
        return request.getfixturevalue("postgres").empty()
    return URL.create("sqlite", database=str(tmp_path / "store % here.sqlite3"))
