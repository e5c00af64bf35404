"""API tokens and sign-in links."""

import pytest
from sqlalchemy import text

from pbf.store.identity.api_tokens import USE_INTERVAL
from pbf.store.identity.tables import ApiToken
from pbf.store.retention import ENDED_API_TOKENS
from tests.support.at_once import THREADS, at_once
from tests.support.clock import START as NOW

SECRETS = ["digest-of-token", "digest-of-link", "what only the maker reads"]


def token(token_id: str = "t1", tenant_id: str | None = "acme", **values: object) -> ApiToken:
    return ApiToken(
        id=token_id,
        digest="digest-of-token",
        tenant_id=tenant_id,
        role="editor",
        name="Nightly",
        created_by="person:boss",
        created_at=NOW,
        **{"expires_at": NOW + 3600, **values},
    )


def add_link(store, digest: str = "digest-of-link") -> None:
    store.sign_in_links.add(digest, SECRETS[2], tenant_id="acme", expires_at=NOW + 60)


def test_a_token_is_found_by_its_id_alone(store):
    store.api_tokens.add(token())

    assert store.api_tokens.get("t1").digest == "digest-of-token"
    assert store.api_tokens.get("t2") is None
    assert store.api_tokens.get("t\0") is None


def test_each_tenant_lists_its_own_tokens_and_operators_theirs(store):
    for token_id, tenant in (("t1", "acme"), ("t2", "globex"), ("t3", None)):
        store.api_tokens.add(token(token_id, tenant))

    listed = [[row.id for row in store.api_tokens.listed(key)] for key in ("acme", "globex", None)]

    assert listed == [["t1"], ["t2"], ["t3"]]


def test_a_tenant_revokes_its_own_tokens_once(store):
    store.api_tokens.add(token())

    assert not store.api_tokens.revoke("t1", "globex", NOW)
    assert not store.api_tokens.revoke("t1", None, NOW)
    assert store.api_tokens.get("t1").revoked_at is None
    assert store.api_tokens.revoke("t1", "acme", NOW + 5)
    assert not store.api_tokens.revoke("t1", "acme", NOW + 6)
    assert store.api_tokens.get("t1").revoked_at == NOW + 5


def test_an_operators_token_is_revoked_without_a_tenant(store):
    store.api_tokens.add(token(tenant_id=None))

    assert not store.api_tokens.revoke("t1", "acme", NOW)
    assert store.api_tokens.revoke("t1", None, NOW)


def test_the_use_of_a_token_is_written_hourly(store):
    store.api_tokens.add(token())

    times = (NOW, NOW + 1, NOW + USE_INTERVAL - 1, NOW + USE_INTERVAL)
    written = [store.api_tokens.touch("t1", now) for now in times]

    assert written == [True, False, False, True]
    assert store.api_tokens.get("t1").used_at == NOW + USE_INTERVAL


def test_tokens_are_deleted_long_after_they_end(store):
    store.api_tokens.add(token("expired", expires_at=NOW))
    store.api_tokens.add(token("revoked", expires_at=NOW + 3 * ENDED_API_TOKENS))
    store.api_tokens.add(token("valid", expires_at=NOW + 3 * ENDED_API_TOKENS))
    store.api_tokens.revoke("revoked", "acme", NOW)

    store.delete_expired(NOW + ENDED_API_TOKENS)
    before = len(store.api_tokens.listed("acme"))
    store.delete_expired(NOW + ENDED_API_TOKENS + 1)

    assert before == 3
    assert [row.id for row in store.api_tokens.listed("acme")] == ["valid"]


def test_a_link_is_taken_once_before_it_expires(store):
    add_link(store, "used")
    add_link(store, "late")

    assert store.sign_in_links.take("used", NOW + 59) == SECRETS[2]
    assert store.sign_in_links.take("used", NOW + 59) is None
    assert store.sign_in_links.take("late", NOW + 60) is None
    assert store.sign_in_links.take("unknown", NOW) is None


def test_of_eight_threads_that_take_a_link_at_once_one_gets_it(store):
    add_link(store)

    payloads = at_once(lambda _: store.sign_in_links.take("digest-of-link", NOW))

    assert payloads.count(None) == THREADS - 1
    assert SECRETS[2] in payloads


def test_expired_links_are_deleted(store):
    add_link(store, "old")

    store.delete_expired(NOW + 61)

    with store._database.session() as session:
        assert session.scalar(text("SELECT count(*) FROM sign_in_links")) == 0


@pytest.mark.parametrize("secret", SECRETS)
def test_no_credential_appears_in_a_rows_representation(store, secret):
    store.api_tokens.add(token())

    shown = repr(store.api_tokens.get("t1"))

    assert secret not in shown
    assert "Nightly" in shown
