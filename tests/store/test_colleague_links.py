import pytest
from sqlalchemy.exc import IntegrityError

from pbf.store.retention import ENDED_COLLEAGUE_LINKS
from pbf.store.store import Store
from pbf.store.tables import ColleagueLink
from tests.support.at_once import THREADS, at_once
from tests.support.clock import START as NOW

HOUR = 3600.0


def add(
    store: Store,
    name: str,
    *,
    digest: str = "",
    group: str = "acme",
    connector: str = "one",
    at: float = NOW,
):
    link = ColleagueLink(
        id=name,
        digest=digest or f"digest of {name}",
        group_id=group,
        connector_id=connector,
        schema_name="sales",
        note="Please",
        asker="Ada",
        created_at=at,
        expires_at=at + HOUR,
    )
    store.colleague_links.add(link)
    return link


def listed(store: Store, group: str = "acme", connector: str = "one") -> list[str]:
    return [link.id for link in store.colleague_links.listed(group, connector, 9)]


def test_a_link_is_found_by_its_secret_in_its_own_group_alone(store):
    link = add(store, "a")

    assert store.colleague_links.find("acme", link.digest).note == "Please"
    assert store.colleague_links.find("globex", link.digest) is None
    assert store.colleague_links.find("acme", "another") is None
    assert link.digest not in repr(link)


def test_links_are_listed_by_connector_the_newest_first(store):
    add(store, "a")
    add(store, "b", at=NOW + 1)
    add(store, "c", connector="two")
    add(store, "d", group="globex")

    assert listed(store) == ["b", "a"]
    assert len(store.colleague_links.listed("acme", "one", 1)) == 1


def test_only_the_first_opening_and_the_first_finish_count(store):
    link = add(store, "a")
    links = store.colleague_links

    for later in (1, 2):
        links.mark_opened("acme", "a", NOW + later)
        links.mark_finished("acme", "a", NOW + 10 + later)
        links.mark_opened("globex", "a", NOW)

    row = links.find("acme", link.digest)
    assert (row.opened_at, row.finished_at) == (NOW + 1, NOW + 11)


def test_only_a_link_that_works_can_be_revoked(store):
    for name in ("works", "finished", "other"):
        add(store, name)
    links = store.colleague_links
    links.mark_finished("acme", "finished", NOW)

    assert not links.revoke("globex", "one", "works", NOW)
    assert not links.revoke("acme", "two", "works", NOW)
    assert not links.revoke("acme", "one", "finished", NOW)
    assert not links.revoke("acme", "one", "works", NOW + HOUR)
    assert links.revoke("acme", "one", "works", NOW + 1)
    assert not links.revoke("acme", "one", "works", NOW + 2)
    assert links.find("acme", "digest of works").revoked_at == NOW + 1
    assert links.find("acme", "digest of other").revoked_at is None


def test_of_eight_who_revoke_a_link_at_once_one_does(store):
    add(store, "a")

    results = at_once(lambda _: store.colleague_links.revoke("acme", "one", "a", NOW))

    assert sorted(results) == [False] * (THREADS - 1) + [True]


def test_two_links_never_have_the_same_secret(store):
    add(store, "a")

    with pytest.raises(IntegrityError):
        add(store, "b", digest="digest of a", group="globex", connector="two")


def test_links_are_deleted_long_after_they_expired(store):
    add(store, "old")
    add(store, "new", at=NOW + HOUR)

    store.delete_expired(NOW + HOUR + ENDED_COLLEAGUE_LINKS + 1)

    assert listed(store) == ["new"]


def test_a_database_that_existed_before_can_store_links(persistent):
    first = Store(persistent)
    add(first, "a")
    first.close()

    second = Store(persistent)

    assert listed(second) == ["a"]
    second.close()
