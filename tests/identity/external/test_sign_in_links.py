"""Sign-in links: what a request may ask for, single use, and restrictions that never widen."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbf.errors import InputError, InvalidRedirect, NotPermitted, UnknownTenant, UntrustedToken
from pbf.identity.claims import Claims
from pbf.identity.external.entry import VendorSignIn, narrowed
from pbf.identity.external.sign_in_links import SignInLinks
from pbf.identity.models import Identity
from pbf.rules.access.permissions import Role
from pbf.store.store import Store
from tests.support.clock import Clock
from tests.support.draws import cases

ORIGINS = ("https://app.example.com",)
TOKEN = Identity("token:1", "acme", Role.ADMIN, method="token")
OPERATOR = Identity("token:2", "", Role.OPERATOR, method="token", is_operator=True)
BODY = {
    "tenant": "acme",
    "user": {"id": "u_42", "name": "Ada", "email": "ada@acme.example"},
    "role": "editor",
    "services": ["google_ads"],
    "page": "/connect?service=google_ads",
    "return_url": "https://app.example.com/data",
}
LEAST = {"tenant": "acme", "user": {"id": "u_42"}}


class MemoryStore:
    """Links in a dict."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[str, float]] = {}

    def add(self, digest: str, payload: str, *, tenant_id: str, expires_at: float) -> None:
        assert json.loads(payload)["tenant"] == tenant_id
        self.rows[digest] = (payload, expires_at)

    def take(self, digest: str, now: float) -> str | None:
        payload, expires_at = self.rows.pop(digest, ("", 0.0))
        return payload if expires_at > now else None


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def links(store, clock) -> SignInLinks:
    return SignInLinks(store, tenant_exists={"acme", "globex"}.__contains__, clock=clock)


def create(links, body, creator=TOKEN):
    return links.create(body, creator=creator, allowed_origins=ORIGINS)


def test_a_link_signs_the_person_in_as_asked(links, store, clock):
    link = create(links, BODY)

    sign_in = links.redeem(link.code)

    assert link.expires_at == clock.now + 60
    assert link.code not in repr(link)
    assert link.code not in repr(store.rows)
    assert (sign_in.claims.issuer, sign_in.claims.subject) == ("link:acme", "u_42")
    assert (sign_in.claims.name, sign_in.claims.email) == ("Ada", "ada@acme.example")
    assert not sign_in.claims.email_verified
    assert (sign_in.tenant_id, sign_in.role, sign_in.method) == ("acme", Role.EDITOR, "link")
    assert sign_in.services == {"google_ads"}
    assert sign_in.page == "/connect?service=google_ads"
    assert sign_in.return_url == "https://app.example.com/data"
    assert sign_in.minutes is None


def test_without_more_than_a_person_the_link_makes_a_viewer_of_everything(links):
    sign_in = links.redeem(create(links, LEAST).code)

    assert (sign_in.role, sign_in.services, sign_in.page) == (Role.VIEWER, None, "")


def test_the_same_id_of_two_tenants_is_not_the_same_person(links):
    acme = links.redeem(create(links, LEAST).code)
    globex = links.redeem(create(links, {**LEAST, "tenant": "globex"}, OPERATOR).code)

    assert acme.claims.issuer != globex.claims.issuer


@pytest.mark.parametrize("seconds", [0, 59.9])
def test_a_link_works_once(links, clock, seconds):
    link = create(links, BODY)
    clock.advance(seconds)
    assert links.redeem(link.code)

    with pytest.raises(UntrustedToken, match="already used or has expired"):
        links.redeem(link.code)


def test_a_link_works_for_60_seconds(links, clock):
    link = create(links, BODY)
    clock.advance(60)

    with pytest.raises(UntrustedToken):
        links.redeem(link.code)


def test_a_link_to_a_tenant_that_was_removed_does_not_work(store, clock):
    tenants = {"acme"}
    links = SignInLinks(store, tenant_exists=tenants.__contains__, clock=clock)
    link = create(links, BODY)
    tenants.clear()

    with pytest.raises(UntrustedToken):
        links.redeem(link.code)


def test_links_are_kept_in_the_database(clock):
    database = Store("sqlite://")
    links = SignInLinks(database.sign_in_links, tenant_exists=lambda _tenant: True, clock=clock)
    used, expired = create(links, BODY), create(links, BODY)

    assert links.redeem(used.code).claims.subject == "u_42"
    clock.advance(60)

    for link in (used, expired):
        with pytest.raises(UntrustedToken):
            links.redeem(link.code)
    database.close()


@cases(300)
@given(st.text() | st.text("abcXYZ019-_", min_size=43, max_size=43))
def test_other_codes_do_not_work(code):
    links = SignInLinks(MemoryStore(), tenant_exists=lambda _tenant: True, clock=Clock())
    create(links, BODY)

    with pytest.raises(UntrustedToken):
        links.redeem(code)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_a_link_needs_an_admin(links, role):
    with pytest.raises(NotPermitted, match="Your role is"):
        create(links, LEAST, replace(TOKEN, role=role))


@pytest.mark.parametrize(
    ("body", "creator"),
    [
        ({**LEAST, "tenant": "globex"}, TOKEN),
        ({**LEAST, "tenant": "nonesuch"}, OPERATOR),
        ({**LEAST, "tenant": ""}, OPERATOR),
    ],
)
def test_a_link_leads_to_a_tenant_of_its_creator(links, body, creator):
    with pytest.raises((UnknownTenant, InputError)):
        create(links, body, creator)


def test_a_person_cannot_create_a_link(links):
    with pytest.raises(NotPermitted, match="API token"):
        create(links, LEAST, replace(TOKEN, method="oidc"))


@pytest.mark.parametrize("services", [None, frozenset(), frozenset({"s3", "slack"})])
def test_a_sign_in_can_be_continued_in_the_next_request(links, services):
    claims = Claims("jwt", "https://app.example.com", "u_42", name="Ada", email="ada@acme.example")
    sign_in = VendorSignIn(
        claims, "acme", Role.EDITOR, "jwt", services, "/connect", "https://app.example.com/", 30
    )

    assert links.redeem(links.hold(sign_in).code) == sign_in


WRONG = {
    "no object": ([], "Send a JSON object"),
    "no tenant": ({"user": {"id": "1"}}, "field tenant must be the id"),
    "no user": ({"tenant": "acme"}, "field user must be an object"),
    "user as text": ({**LEAST, "user": "u_42"}, "field user must be an object"),
    "no id": ({**LEAST, "user": {"name": "Ada"}}, "field user.id must be the id"),
    "empty id": ({**LEAST, "user": {"id": ""}}, "field user.id must be"),
    "number as id": ({**LEAST, "user": {"id": 42}}, "field user.id must be"),
    "control in the id": ({**LEAST, "user": {"id": "a\0"}}, "field user.id must be"),
    "half a character": ({**LEAST, "user": {"id": "\ud800"}}, "field user.id must be"),
    "long name": ({**LEAST, "user": {"id": "1", "name": "x" * 201}}, "field user.name must be"),
    "extra of user": ({**LEAST, "user": {"id": "1", "age": 3}}, "no field 'user.age'"),
    "operator": ({**LEAST, "role": "operator"}, 'field role must be "viewer", "editor"'),
    "other role": ({**LEAST, "role": "Admin"}, "field role must be"),
    "services as text": ({**LEAST, "services": "google_ads"}, "field services must be a list"),
    "no services": ({**LEAST, "services": []}, "field services must be a list"),
    "odd service": ({**LEAST, "services": ["a/b"]}, "field services must be a list"),
    "other page": ({**LEAST, "page": "//evil.example"}, "field page must be a path"),
    "extra": ({**LEAST, "minutes": 3}, "no field 'minutes'"),
    "half a name": ({**LEAST, "\ud800": 3}, "field"),
}


@pytest.mark.parametrize(("body", "message"), WRONG.values(), ids=WRONG)
def test_an_invalid_request_is_refused_with_a_sentence(links, store, body, message):
    with pytest.raises(InputError, match=message) as error:
        create(links, body)

    assert str(error.value).endswith((".", "}."))
    assert store.rows == {}


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/data",
        "https://app.example.com.evil.example",
        "https://app.example.com@evil.example",
        "https://app.example.com\\@evil.example",
        "https://evil.example\\.app.example.com",
        "http://app.example.com",
        "https://app.example.com:444",
        "javascript:alert(1)//https://app.example.com",
        "//app.example.com",
        "/data",
        "https://app.example.com/\r\nX: y",
        "https://[app",
    ],
)
def test_a_return_url_is_on_an_allowed_origin(links, url):
    with pytest.raises(InvalidRedirect, match="PBF_ALLOWED_ORIGINS"):
        create(links, {**LEAST, "return_url": url})


@pytest.mark.parametrize(
    "page",
    [
        "connectors",
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "/a\r\nX: y",
        "/_/go",
    ],
)
def test_a_page_is_one_of_ours(links, page):
    with pytest.raises(InputError, match="field page must be a path"):
        create(links, {**LEAST, "page": page})


names = st.frozensets(st.sampled_from(["google_ads", "postgres", "s3", "slack"]))
restrictions = st.none() | names


@cases(500)
@given(restrictions, restrictions, names)
def test_a_restriction_never_widens(services, limit, catalogue):
    allowed = narrowed(services, limit)

    visible = catalogue if allowed is None else catalogue & allowed
    assert visible <= (catalogue if services is None else services)
    assert visible <= (catalogue if limit is None else limit)


@cases(300)
@given(
    st.none() | names.filter(bool),
    restrictions,
    st.sampled_from(["viewer", "editor", "admin"]),
    st.sampled_from([TOKEN, OPERATOR]),
)
def test_a_link_never_has_more_rights_than_its_creator(services, limit, role, creator):
    links = SignInLinks(MemoryStore(), tenant_exists=lambda _tenant: True, clock=Clock())
    body = {**LEAST, "role": role, "services": None if services is None else sorted(services)}

    sign_in = links.redeem(create(links, body, replace(creator, services=limit)).code)

    assert sign_in.role.rank <= min(creator.role.rank, Role.ADMIN.rank)
    assert sign_in.services == narrowed(services, limit)
