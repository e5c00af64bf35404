"""API tokens: form, typos, life, revocation, roles and tenants."""

import random
import string
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pbf.errors import InputError, NotPermitted, UnknownTenant
from pbf.identity.api_tokens import (
    ALPHABET,
    ApiTokens,
    make_token,
    parse_token,
)
from pbf.identity.models import Identity
from pbf.rules.access.permissions import Role
from pbf.store.identity.tables import ApiToken
from pbf.store.store import Store
from tests.support.clock import Clock
from tests.support.draws import cases

DAY = 24 * 3600
ADMIN = Identity("person:1", "acme", Role.ADMIN)
OPERATOR = Identity("person:2", "", Role.OPERATOR, is_operator=True)


class CountingTokens:
    """The tokens of a store; `reads` and `marks` count what was asked."""

    def __init__(self, store: Store) -> None:
        self._tokens = store.api_tokens
        self.add, self.listed, self.revoke = (
            self._tokens.add,
            self._tokens.listed,
            self._tokens.revoke,
        )
        self.reads = 0
        self.marks: list[float] = []

    def get(self, token_id: str) -> ApiToken | None:
        self.reads += 1
        return self._tokens.get(token_id)

    def touch(self, token_id: str, now: float) -> bool:
        self.marks.append(now)
        return self._tokens.touch(token_id, now)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store() -> Iterator[CountingTokens]:
    opened = Store("sqlite://")
    yield CountingTokens(opened)
    opened.close()


@pytest.fixture
def tokens(store: CountingTokens, clock: Clock) -> ApiTokens:
    return ApiTokens(store, clock=clock)


def test_a_token_has_the_documented_form_and_parses():
    token = make_token()

    assert len(token.text) == 60
    assert token.text.startswith(f"pbf_{token.id}")
    assert len(token.id) == 10
    assert len(token.digest) == 64
    assert parse_token(token.text) == token
    assert token.text not in repr(token)


@cases(300)
@given(st.randoms(use_true_random=False))
def test_a_typo_never_parses(rand: random.Random):
    text = make_token().text
    for _ in range(20):
        place, change = rand.randrange(4, 60), rand.randrange(4)
        character = rand.choice(ALPHABET.replace(text[place], ""))
        swapped = text[: place - 1] + text[place] + text[place - 1] + text[place + 1 :]
        typo = [
            text[:place] + character + text[place + 1 :],
            text[:place] + text[place + 1 :],
            text[:place] + character + text[place:],
            swapped,
        ][change]

        assert typo == text or parse_token(typo) is None


@cases(1_000)
@given(st.text(ALPHABET, min_size=56, max_size=56))
def test_random_text_never_parses(text: str):
    assert parse_token(f"pbf_{text}") is None


@cases(300)
@given(st.text())
def test_other_text_never_parses(text: str):
    token = make_token().text
    assume(text)

    assert parse_token(text) is None
    assert parse_token(token + text) is None
    assert parse_token(text + token) is None


def test_a_token_is_its_tenants_with_its_role_and_is_stored_as_a_hash(tokens, store, clock):
    new = tokens.create(" CI ", role=Role.EDITOR, tenant_id="acme", creator=ADMIN)

    assert tokens.find(new.text) == Identity(
        f"token:{new.id}", "acme", Role.EDITOR, name="CI", method="token"
    )
    row = store.get(new.id)
    assert (row.created_by, row.used_at) == ("person:1", clock.now)
    assert new.text[14:] not in repr(vars(row))
    assert new.text not in repr(new)


def test_an_operators_token_has_no_tenant(tokens):
    new = tokens.create("ops", role=Role.OPERATOR, tenant_id=None, creator=OPERATOR)

    identity = tokens.find(new.text)

    assert (identity.tenant_id, identity.role, identity.is_operator) == ("", Role.OPERATOR, True)


@pytest.mark.parametrize(("days", "life"), [(None, 90), (1, 1), (365, 365)])
def test_a_token_expires(tokens, clock, days, life):
    given = {} if days is None else {"days": days}
    new = tokens.create("CI", role=Role.VIEWER, tenant_id="acme", creator=ADMIN, **given)

    clock.advance(life * DAY - 1)
    before = tokens.find(new.text)
    clock.advance(1)

    assert before is not None
    assert tokens.find(new.text) is None


def test_a_token_with_the_right_id_and_another_secret_is_refused(tokens, store):
    new = tokens.create("CI", role=Role.VIEWER, tenant_id="acme", creator=ADMIN)
    other = make_token()
    row = store.get(new.id)
    fields = {name: getattr(row, name) for name in ("digest", "tenant_id", "role", "name")}
    times = {name: getattr(row, name) for name in ("created_by", "created_at", "expires_at")}
    store.add(ApiToken(id=other.id, **fields, **times))

    assert tokens.find(other.text) is None
    assert tokens.find(make_token().text) is None
    assert store.marks == []


def test_a_revoked_token_is_refused_at_once_here_and_within_5_seconds_elsewhere(store, clock):
    here, elsewhere = ApiTokens(store, clock=clock), ApiTokens(store, clock=clock)
    new = here.create("CI", role=Role.VIEWER, tenant_id="acme", creator=ADMIN)
    assert here.find(new.text)
    assert elsewhere.find(new.text)

    assert here.revoke(new.id, tenant_id="acme")
    assert not here.revoke(new.id, tenant_id="acme")

    assert here.find(new.text) is None
    clock.advance(5)
    assert elsewhere.find(new.text) is None


def test_a_token_of_another_tenant_cannot_be_revoked_or_listed(tokens, store):
    new = tokens.create("CI", role=Role.VIEWER, tenant_id="acme", creator=ADMIN)

    assert not tokens.revoke(new.id, tenant_id="globex")
    assert not tokens.revoke(new.id, tenant_id=None)
    assert not tokens.revoke("nonesuch", tenant_id="acme")
    assert tokens.find(new.text)
    assert tokens.listed("globex") == []
    assert [row.id for row in tokens.listed("acme")] == [new.id]


def test_a_token_is_read_once_in_5_seconds_and_marked_as_used_once_an_hour(tokens, store, clock):
    new = tokens.create("CI", role=Role.VIEWER, tenant_id="acme", creator=ADMIN)

    for _ in range(4_000):
        clock.advance(1)
        tokens.find(new.text)

    assert store.reads == 800
    assert len(store.marks) == 2
    assert store.marks[1] - store.marks[0] == 3_600


def test_typos_are_not_looked_up(tokens, store):
    assert tokens.find("pbf_" + "0" * 56) is None
    assert tokens.find("") is None
    assert store.reads == 0


@pytest.mark.parametrize(
    ("creator", "role", "tenant_id", "error"),
    [
        pytest.param(ADMIN, Role.OPERATOR, None, NotPermitted, id="admin-for-operators"),
        pytest.param(ADMIN, Role.OPERATOR, "acme", NotPermitted, id="above-the-creator"),
        pytest.param(ADMIN, Role.VIEWER, None, NotPermitted, id="viewer-of-all-tenants"),
        pytest.param(ADMIN, Role.VIEWER, "globex", UnknownTenant, id="other-tenant"),
        pytest.param(
            replace(ADMIN, role=Role.EDITOR), Role.VIEWER, "acme", NotPermitted, id="editor"
        ),
        pytest.param(OPERATOR, Role.OPERATOR, "acme", InputError, id="operator-of-one-tenant"),
        pytest.param(OPERATOR, Role.ADMIN, None, InputError, id="admin-of-all-tenants"),
    ],
)
def test_a_token_never_has_more_rights_than_its_creator(tokens, creator, role, tenant_id, error):
    with pytest.raises(error):
        tokens.create("CI", role=role, tenant_id=tenant_id, creator=creator)


@pytest.mark.parametrize("days", [0, -1, 366])
def test_a_token_lives_a_year_at_most(tokens, days):
    with pytest.raises(InputError, match="1 to 365 days"):
        tokens.create("CI", role=Role.VIEWER, tenant_id="acme", creator=ADMIN, days=days)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\u202eb", "x" * 81])
def test_a_token_needs_a_visible_name(tokens, name):
    with pytest.raises(InputError, match="Give the token a name"):
        tokens.create(name, role=Role.VIEWER, tenant_id="acme", creator=ADMIN)


def test_the_cache_is_bounded(tokens, store):
    texts = []
    for _ in range(1_001):
        new = tokens.create("CI", role=Role.VIEWER, tenant_id="acme", creator=ADMIN)
        texts.append(new.text)

    assert all(tokens.find(text) for text in texts)

    assert len(tokens._cached) <= 1_000
    assert set(string.ascii_letters + string.digits) == set(ALPHABET)
