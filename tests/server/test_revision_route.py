import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from pbf.config import Settings
from pbf.errors import StoreFailed
from pbf.server.revisions.route import PATH, RevisionRoute


@pytest.fixture
def asked() -> list[tuple[list[str], str]]:
    return []


@pytest.fixture
def client(asked) -> TestClient:
    def look(cookies, headers, subject) -> str:
        asked.append((list(cookies), subject))
        if subject == "unknown":
            raise ValueError("no such subject")
        if "Broken" in headers:
            raise StoreFailed("The database does not answer.")
        return "abc"

    route = RevisionRoute(look, read=Settings)
    return TestClient(Starlette(routes=[Route(PATH, route.respond)]), "http://localhost")


def test_a_tab_gets_the_revision_and_nothing_if_it_has_it(client, asked):
    new = client.get(PATH, params={"of": "connectors"}, headers={"Cookie": "pbf=secret; other=1"})
    same = client.get(PATH, params={"of": "connectors"}, headers={"If-None-Match": '"abc"'})

    assert (new.status_code, new.text, new.headers["etag"]) == (200, "abc", '"abc"')
    assert (same.status_code, same.content) == (304, b"")
    assert new.headers["cache-control"] == same.headers["cache-control"] == "no-store"
    assert asked == [(["secret"], "connectors"), ([], "connectors")]


def test_what_cannot_be_determined_is_no_error_in_the_browser(client):
    assert client.get(PATH, params={"of": "jobs"}, headers={"Broken": "1"}).status_code == 204


def test_an_unknown_subject_is_not_found(client):
    assert client.get(PATH, params={"of": "unknown"}).status_code == 404
