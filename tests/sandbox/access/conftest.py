"""System keys with permissions, clients that use them, and a second group."""

import pytest

from tests.sandbox.conftest import Api


def permission(kind, level, **limits):
    filters = {"resource_filter": limits} if limits else {}
    return {"resource_type": kind, "access_level": level, **filters}


@pytest.fixture
def make_key(api):
    """Create a system key with permissions and return its data."""

    def make(*permissions, **fields):
        body = {"name": "vendor", "permissions": list(permissions), **fields}
        answer = api.post("/system-keys", body)
        assert answer.status_code == 201, answer.json
        return answer.json["data"]

    return make


@pytest.fixture
def with_key(client, world, make_key):
    """Return a client with a new system key that has permissions."""

    def with_key(*permissions, **fields):
        key = make_key(*permissions, **fields)
        holder = Api(client, world)
        holder.auth = (key["key"], key["secret"])
        return holder

    return with_key


@pytest.fixture
def acme(api):
    """The id of a second group."""
    return api.post("/groups", {"name": "acme"}).json["data"]["id"]


def status_and_code(answer):
    return answer.status_code, answer.json["code"]
