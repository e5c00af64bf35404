"""What somebody might try over HTTP against the whole product; each attempt is refused.

Tokens with a wrong signature, issuer, audience, nonce or time are refused in tests/identity.
"""

from urllib.parse import parse_qs, quote, urlsplit

import pytest
import requests

from pbf.rules.access.permissions import Role
from tests.support.oidc_provider import Person
from tests.support.signing import sign
from tests.support.site import VENDOR, Site

OWN_PAGES = [
    pytest.param("//evil.example/x", id="two-slashes"),
    pytest.param("/\\evil.example", id="backslash"),
    pytest.param("/services\r\nSet-Cookie: pbf=x", id="line-break"),
    pytest.param("/%0d%0aSet-Cookie:%20pbf=x//evil.example", id="encoded-line-break"),
    pytest.param("https://evil.example/", id="absolute"),
    pytest.param("/_/sign-out", id="route"),
]
PAGE_REQUEST = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}


@pytest.fixture(scope="module")
def ada(shared_site: Site) -> str:
    """The cookie of an admin of acme."""
    return shared_site.sign_in("ada")


@pytest.fixture(scope="module")
def grace(shared_site: Site) -> str:
    """The cookie of a viewer of globex."""
    return shared_site.sign_in("grace")


def ask(site: Site, path: str, cookie: str = "", method: str = "GET", **options):
    """Send a request as a program does, with a session's cookie or none."""
    headers = {**({"Cookie": f"pbf={cookie}"} if cookie else {}), **options.pop("headers", {})}
    return requests.request(
        method, f"{site.url}{path}", headers=headers, timeout=20, allow_redirects=False, **options
    )


def leads_to_sign_in(answer: requests.Response) -> bool:
    """Return whether a page was answered with the way to sign in."""
    return answer.status_code == 303 and answer.headers["Location"].startswith("/_/sign-in?next=")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda _: "A" * 43, id="unknown"),
        pytest.param(
            lambda cookie: f"{cookie[:-1]}{'A' if cookie[-1] != 'A' else 'B'}", id="altered"
        ),
        pytest.param(lambda cookie: cookie.swapcase(), id="other-case"),
        pytest.param(lambda cookie: f"{cookie}=", id="padded"),
        pytest.param(lambda cookie: f'"{cookie}"', id="quoted"),
        pytest.param(lambda cookie: f"{cookie}; pbf={'A' * 43}", id="twice"),
    ],
)
def test_a_cookie_that_is_not_exactly_ours_is_nobodys(shared_site: Site, ada: str, change):
    forged = change(ada)

    assert leads_to_sign_in(ask(shared_site, "/", forged, headers=PAGE_REQUEST))
    answer = ask(shared_site, "/_/connectors", forged)
    # Werkzeug reads quotes as part of the notation of a cookie.
    assert answer.status_code == (200 if forged.startswith('"') else 401)


def test_the_id_of_a_session_is_no_cookie_and_no_header(shared_site: Site, ada: str):
    session_id = shared_site.identity(ada).session_id
    for headers in ({"Cookie": f"pbf={session_id}"}, {"X-Pbf-Session": session_id}):
        assert leads_to_sign_in(ask(shared_site, "/", headers={**PAGE_REQUEST, **headers}))
        assert ask(shared_site, "/_/connectors", headers=headers).status_code == 401


def test_a_cookie_copied_before_sign_out_is_worth_nothing_afterwards(shared_site: Site):
    cookie = shared_site.sign_in("bob")
    before = ask(shared_site, "/_/connectors", cookie).status_code

    ask(shared_site, "/_/sign-out", cookie, "POST", headers={"Origin": shared_site.url})

    assert (before, ask(shared_site, "/_/connectors", cookie).status_code) == (200, 401)
    assert leads_to_sign_in(ask(shared_site, "/", cookie, headers=PAGE_REQUEST))


def test_a_new_sign_in_replaces_a_cookie_that_somebody_planted(shared_site: Site, ada: str):
    person = Person()
    person.browser.cookies.set(
        "pbf", planted := shared_site.sign_in("bob"), domain="localhost.local"
    )
    url = person.open(f"{shared_site.url}/_/sign-in/oidc").headers["Location"]
    back = person.sign_in_at_provider(url, "ada", f"{shared_site.url}/_/signed-in/oidc")

    answer = person.open(back)

    assert answer.cookies["pbf"] not in (planted, ada)
    assert shared_site.identity(answer.cookies["pbf"]).name == "Ada"


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="no-origin"),
        pytest.param({"Origin": "https://evil.example"}, id="foreign"),
        pytest.param({"Origin": "null"}, id="null"),
        pytest.param({"Origin": "http://localhost:1"}, id="other-port"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, id="same-site"),
        pytest.param(
            {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"}, id="lies"
        ),
    ],
)
def test_a_write_with_a_cookie_needs_our_origin(
    shared_site: Site, ada: str, method: str, headers: dict[str, str]
):
    connection = shared_site.connector_of("acme")
    path = f"/_/connectors/{connection.id}" + ("/sync" if method == "POST" else "")
    before = shared_site.state()

    answer = ask(shared_site, path, ada, method, headers=headers, json={"paused": True})

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "foreign_origin")
    assert shared_site.state() == before


def test_a_page_of_another_origin_cannot_sign_people_out(shared_site: Site, ada: str):
    headers = {"Origin": "https://evil.example"}

    assert ask(shared_site, "/_/sign-out", ada, "POST", headers=headers).status_code == 403
    assert ask(shared_site, "/_/connectors", ada).status_code == 200


def begin(site: Site, **query: str) -> tuple[Person, str]:
    """Begin a sign-in as ada, and return the address with the code that leads back."""
    person = Person()
    start = requests.Request("GET", f"{site.url}/_/sign-in/oidc", params=query).prepare().url
    url = person.open(str(start)).headers["Location"]
    return person, person.sign_in_at_provider(url, "ada", f"{site.url}/_/signed-in/oidc")


def test_the_state_of_one_browser_signs_nobody_in_in_another(shared_site: Site):
    _, back = begin(shared_site)
    other, _ = begin(shared_site)

    answer = other.open(back)

    assert answer.headers["Location"] == "/_/sign-in?reason=unknown"
    assert "pbf" not in answer.cookies


def test_a_code_of_another_sign_in_is_refused(shared_site: Site):
    _, victims = begin(shared_site)
    attacker, own = begin(shared_site)
    code, state = (
        parse_qs(urlsplit(own).query)["code"][0],
        parse_qs(urlsplit(own).query)["state"][0],
    )

    # PKCE: the code of one sign-in does not fit the verifier of another.
    swapped = own.replace(quote(code, safe=""), parse_qs(urlsplit(victims).query)["code"][0])
    answer = attacker.open(swapped)

    assert state in swapped
    assert answer.status_code == 403
    assert "pbf" not in answer.cookies


def test_a_code_works_once(shared_site: Site):
    person, back = begin(shared_site)
    states = person.browser.cookies.copy()
    first = person.open(back)

    again = requests.get(back, cookies=states, allow_redirects=False, timeout=20)

    assert first.status_code == 303
    assert again.status_code == 403
    assert "pbf" not in again.cookies


def test_a_code_of_one_provider_is_not_taken_to_another(shared_site: Site):
    person, back = begin(shared_site)

    answer = person.open(back.replace("/signed-in/oidc", "/signed-in/partner"))

    assert answer.headers["Location"] == "/_/sign-in?reason=unknown"
    assert "pbf" not in answer.cookies


@pytest.mark.parametrize("page", OWN_PAGES)
def test_the_page_after_sign_in_is_always_ours(shared_site: Site, page: str):
    person, back = begin(shared_site, next=page)

    answer = person.open(back)

    # The encoded line break is a path of ours, which stays encoded.
    assert answer.headers["Location"] == (page if page.startswith("/%0d") else "/")
    assert set(answer.cookies.keys()) == {"pbf"}


@pytest.mark.parametrize("page", OWN_PAGES)
def test_the_page_of_a_link_and_a_token_is_always_ours(shared_site: Site, page: str):
    link = ask(
        shared_site,
        "/_/sign-in-links",
        method="POST",
        headers={"Authorization": f"Bearer {shared_site.token()}"},
        json={"tenant": "acme", "user": {"id": "u_1"}, "page": page},
    )
    token = sign(shared_site.claims(page=page))

    answer = ask(shared_site, f"/_/sso?token={token}")

    if page.startswith("/%0d"):  # a path of ours, which stays encoded
        assert (link.status_code, answer.headers["Location"]) == (201, page)
    else:
        assert (link.status_code, answer.status_code) == (400, 403)
        assert "pbf" not in answer.cookies


def test_a_link_and_a_token_do_not_work_twice(shared_site: Site):
    link = ask(
        shared_site,
        "/_/sign-in-links",
        method="POST",
        headers={"Authorization": f"Bearer {shared_site.token()}"},
        json={"tenant": "acme", "user": {"id": "u_2"}},
    ).json()["url"]
    for path in (urlsplit(link).path, f"/_/sso?token={sign(shared_site.claims())}"):
        answers = [ask(shared_site, path) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [303, 403]
        assert "pbf" not in answers[1].cookies


@pytest.mark.parametrize(
    ("tenant", "role", "body"),
    [
        pytest.param("acme", Role.ADMIN, {"tenant": "globex"}, id="another-tenant"),
        pytest.param("acme", Role.ADMIN, {"tenant": "nobody"}, id="no-tenant"),
        pytest.param("acme", Role.ADMIN, {"return_url": "https://evil.example/"}, id="return-url"),
        pytest.param("acme", Role.ADMIN, {"role": "operator"}, id="operator"),
        pytest.param("acme", Role.EDITOR, {}, id="editors-token"),
    ],
)
def test_a_token_makes_links_for_its_own_tenant_alone(
    shared_site: Site, tenant: str, role: Role, body: dict[str, str]
):
    answer = ask(
        shared_site,
        "/_/sign-in-links",
        method="POST",
        headers={"Authorization": f"Bearer {shared_site.token(tenant, role)}"},
        json={"tenant": "acme", "user": {"id": "u_1"}, **body},
    )

    assert answer.status_code in (400, 403, 404)
    assert "Globex" not in answer.text


def test_a_wrong_token_never_falls_back_to_the_cookie(shared_site: Site, ada: str):
    headers = {"Authorization": f"Bearer {shared_site.token()[:-1]}!"}

    answer = ask(shared_site, "/_/connectors", ada, headers=headers)

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_token")


def test_headers_of_a_proxy_mean_nothing_while_no_proxy_is_trusted(shared_site: Site):
    headers = {"X-Forwarded-User": "ada", "X-Forwarded-Email": "ada@acme.example"}

    assert leads_to_sign_in(ask(shared_site, "/", headers={**PAGE_REQUEST, **headers}))
    assert ask(shared_site, "/_/connectors", headers=headers).status_code == 401


def test_with_too_many_cookies_a_page_says_so_instead_of_staying_blank(shared_site: Site, ada: str):
    many = f"{ada}; other={'x' * 9_000}"

    page = ask(shared_site, "/", many, headers=PAGE_REQUEST)

    assert (page.status_code, "Delete the cookies of this site" in page.text) == (431, True)


def connector_routes(connector_id: str) -> list[tuple[str, str]]:
    """Return every method and route about one connector."""
    path = f"/_/connectors/{connector_id}"
    writes = [("POST", f"{path}/{name}") for name in ("sync", "resync", "test", "restore")]
    reads = [("GET", path), ("GET", f"{path}/form?redirect_uri={quote(VENDOR)}")]
    return [*reads, ("PATCH", path), ("DELETE", path), ("DELETE", f"{path}?now=true"), *writes]


def test_a_connector_of_another_tenant_does_not_exist_on_any_route(shared_site: Site, ada: str):
    foreign = shared_site.connector_of("globex")
    before = shared_site.state()
    for method, path in connector_routes(foreign.id):
        headers = {"Origin": shared_site.url}
        body = {"json": {"paused": True}} if method == "PATCH" else {}
        answer = ask(shared_site, path, ada, method, headers=headers, **body)
        unknown = ask(
            shared_site,
            path.replace(foreign.id, "no_such_id"),
            ada,
            method,
            headers=headers,
            **body,
        )

        assert (method, path, answer.status_code) == (method, path, 404)
        assert foreign.schema not in answer.text
        assert foreign.group_id not in answer.text
        assert answer.json()["error"]["message"] == unknown.json()["error"]["message"]
    assert shared_site.state() == before


def test_a_link_to_another_tenants_card_opens_nothing(shared_site: Site, ada: str):
    foreign = shared_site.connector_of("globex")
    link = shared_site.signer.link("globex", foreign.id)
    headers = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}

    answer = ask(shared_site, f"/_/go/{link}", ada, headers=headers)

    assert answer.status_code == 303
    assert "/connectors?note=" in answer.headers["Location"]
    assert foreign.id not in answer.headers["Location"]


@pytest.mark.parametrize("number", range(len(connector_routes(""))))
def test_a_viewer_changes_nothing_by_any_route(shared_site: Site, grace: str, number: int):
    connection = shared_site.connector_of("globex")
    method, path = connector_routes(connection.id)[number]
    before = shared_site.state()

    body = {"json": {"paused": True}} if method == "PATCH" else {}
    headers = {"Origin": shared_site.url}
    answer = ask(shared_site, path, grace, method, headers=headers, **body)

    assert (method, path, answer.status_code) == (
        method,
        path,
        200 if path == f"/_/connectors/{connection.id}" and method == "GET" else 403,
    )
    assert shared_site.state() == before


def test_a_viewer_creates_nothing_and_exports_no_audit_log(shared_site: Site, grace: str):
    headers = {"Origin": shared_site.url}
    new = {"service": "google_ads", "name": "mine"}

    created = ask(shared_site, "/_/connectors", grace, "POST", headers=headers, json=new)

    assert created.status_code == 403
    assert ask(shared_site, "/_/audit.csv", grace).status_code == 403


def test_an_operator_without_a_tenant_sees_none_by_the_routes(shared_site: Site):
    olga = shared_site.sign_in("olga")

    answer = ask(shared_site, "/_/connectors", olga)

    assert answer.status_code == 404
