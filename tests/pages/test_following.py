"""What open pages ask the server about, and when they run again in any case."""

import json

import pytest

from pbf.errors import StoreFailed
from tests.pages.reading import components

SUBJECTS = {
    "overview": "connectors",
    "services": "connectors",
    "connectors": "connectors",
    "activity": "connectors",
    "incidents": "incidents",
}


@pytest.mark.parametrize(("page", "subject"), SUBJECTS.items())
def test_a_page_follows_what_it_shows(runtime, visit, page, subject):
    runtime.portal.services()
    follow = components(visit(page))["follow"]

    assert follow["url"] == f"./_/revision?of={subject}"
    visitor = runtime.identity.authentication.of_page(None)
    assert follow["revision"] == runtime.revisions.of(visitor, subject)


def test_after_the_return_from_the_card_the_page_looks_again_until_the_result(runtime, visit):
    unfinished = next(item for item in runtime.portal.connectors().items if not item.is_set_up)

    app = visit("connectors", returned=unfinished.id)

    followers = [item.proto.json for item in app.get("bidi_component") if item.proto.json]
    assert [bool(json.loads(data)["revision"]) for data in followers] == [True, False]


def test_a_page_that_shows_an_error_follows_too(runtime, visit, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise StoreFailed("The database does not answer.")

    monkeypatch.setattr(runtime.store.audit, "newest", fail)

    app = visit("activity")

    assert "The database does not answer." in app.error[0].value
    assert components(app)["follow"]["revision"]
