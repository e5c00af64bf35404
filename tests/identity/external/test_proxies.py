"""Trusted proxies: headers count only with the secret, assertions only with the right signature."""

import base64
from typing import Any

import pytest
from jwt.algorithms import ECAlgorithm
from starlette.datastructures import Headers

from pbf.errors import ConfigurationError, UntrustedToken
from pbf.identity.claims import Claims, is_other_person
from pbf.identity.external.proxies import trusted_proxy
from tests.support.clock import START, Clock
from tests.support.signing import KeyServer, key_server, pem, private_key, sign

SECRET = "a-secret-of-the-proxy-0123456789"
GOOD = {"X-Proxy-Secret": SECRET}
ADA = {
    "X-Forwarded-User": "u_42",
    "X-Forwarded-Email": "ada@acme.example",
    "X-Forwarded-Groups": "admins, data",
}
BY_REQUEST = {name.replace("Forwarded", "Auth-Request"): value for name, value in ADA.items()}
ARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/ours/50dc6c495c0c9188"
AUD = "/projects/1/global/backendServices/2"


@pytest.fixture
def server():
    with key_server() as server:
        server.publish("ec-1")
        server.contents["/ec-1"] = pem("ec-1")
        yield server


def oauth2_proxy():
    return trusted_proxy("oauth2-proxy", secret=SECRET)


@pytest.mark.parametrize("headers", [ADA, BY_REQUEST, {**ADA, **BY_REQUEST}])
def test_oauth2_proxy_names_a_person(headers):
    claims = oauth2_proxy().claims({**GOOD, **headers})

    assert (claims.provider, claims.issuer) == ("proxy", "proxy:oauth2-proxy")
    assert (claims.subject, claims.email, claims.email_verified) == (
        "u_42",
        "ada@acme.example",
        True,
    )
    assert claims.all["groups"] == ["admins", "data"]


def test_the_names_of_headers_may_have_any_case():
    headers = {name.upper(): value for name, value in {**GOOD, **ADA}.items()}

    assert oauth2_proxy().claims(headers).subject == "u_42"


@pytest.mark.parametrize("headers", [{}, GOOD, {"X-User": "u_42"}, {"X-Forwarded-User": " "}])
def test_without_headers_nobody_is_named(headers):
    assert oauth2_proxy().claims(headers) is None


@pytest.mark.parametrize(
    "secret", [None, "", "wrong", SECRET[:-1], SECRET + "x", "é", SECRET.upper()]
)
def test_headers_without_the_secret_are_refused(secret):
    headers = ADA if secret is None else {**ADA, "X-Proxy-Secret": secret}

    with pytest.raises(UntrustedToken, match="PBF_PROXY_SECRET") as error:
        oauth2_proxy().claims(headers)

    assert SECRET not in str(error.value)


@pytest.mark.parametrize(
    "forged",
    [
        {"X-Auth-Request-User": "u_1"},
        {"X-Auth-Request-Email": "root@acme.example"},
        {"X-Auth-Request-Groups": "operators"},
        {**BY_REQUEST, "X-Auth-Request-Groups": "admins, data, operators"},
    ],
)
def test_headers_that_a_visitor_adds_are_noticed(forged):
    with pytest.raises(UntrustedToken, match="name different people"):
        oauth2_proxy().claims({**GOOD, **ADA, **forged})


@pytest.mark.parametrize("name", ["X-Forwarded-User", "X-Forwarded-Email"])
def test_headers_that_arrive_twice_are_refused(name):
    scope = {"type": "http", "headers": []}
    for header, value in [*GOOD.items(), *ADA.items(), (name, "u_1")]:
        scope["headers"].append((header.lower().encode(), value.encode()))

    with pytest.raises(UntrustedToken, match="two ids"):
        oauth2_proxy().claims(Headers(scope=scope))


def test_a_person_needs_an_id():
    with pytest.raises(UntrustedToken, match="not the person's id"):
        oauth2_proxy().claims({**GOOD, "X-Forwarded-Email": "ada@acme.example"})


def test_own_header_names_can_be_used():
    proxy = trusted_proxy("X-User=sub, X-Mail=email X-Full-Name=name", secret=SECRET)

    claims = proxy.claims({**GOOD, "X-User": "u_42", "X-Full-Name": "Ada\u202e", **ADA})

    assert (claims.subject, claims.name, claims.email) == ("u_42", "Ada\ufffd", "")
    assert not claims.email_verified


@pytest.mark.parametrize(
    "preset",
    [
        *("", "oauth2", "X-User", "X-Mail=email", "X-User=sub X-Other=sub", "X User=sub"),
        *("X-User=sub X-Age=age", "X_User=sub", "X-Proxy-Secret=sub", "X-User=sub X-Mail="),
    ],
)
def test_an_invalid_preset_is_named(preset):
    with pytest.raises(ConfigurationError, match="PBF_PROXY_PRESET must be"):
        trusted_proxy(preset, secret=SECRET)


@pytest.mark.parametrize(
    ("preset", "audience", "setting"),
    [
        ("oauth2-proxy", "", "PBF_PROXY_SECRET"),
        ("X-User=sub", "", "PBF_PROXY_SECRET"),
        ("iap", "", "PBF_PROXY_AUDIENCE"),
        ("alb", "ours", "ARN"),
        ("cloudflare", "aud", "cloudflare:<team>"),
        ("cloudflare:a/b", "aud", "cloudflare:<team>"),
        ("cloudflare:team", "", "PBF_PROXY_AUDIENCE"),
    ],
)
def test_a_missing_setting_is_named(preset, audience, setting):
    with pytest.raises(ConfigurationError, match=setting):
        trusted_proxy(preset, audience=audience)


def iap(server: KeyServer, clock=None):
    return trusted_proxy("iap", audience=AUD, keys_url=f"{server.url}/keys", clock=clock or Clock())


def iap_token(key: str = "ec-1", **claims: Any) -> dict[str, str]:
    content = {
        "iss": "https://cloud.google.com/iap",
        "aud": AUD,
        "sub": "accounts.google.com:42",
        "email": "ada@acme.example",
        "iat": START,
        "exp": START + 600,
        **claims,
    }
    return {"X-Goog-Iap-Jwt-Assertion": sign(content, key)}


def test_iap_names_a_person(server):
    claims = iap(server).claims(iap_token(google={"hd": "acme.example"}))

    assert (claims.issuer, claims.subject) == (
        "https://cloud.google.com/iap",
        "accounts.google.com:42",
    )
    assert (claims.email, claims.email_verified) == ("ada@acme.example", True)
    assert claims.all["google"] == {"hd": "acme.example"}


def test_an_address_from_an_external_identity_is_not_verified(server):
    assert not iap(server).claims(iap_token(gcip={"sub": "1"})).email_verified


@pytest.mark.parametrize(
    "change",
    [
        *({"iss": "https://evil.example"}, {"aud": "/projects/9"}, {"key": "ec-2"}),
        *({"exp": START - 60}, {"iat": START + 61}, {"nbf": START + 61}, {"exp": "soon"}),
        *({"exp": float("inf")}, {"exp": True}, {"sub": ""}, {"sub": 42}, {"aud": None}),
    ],
    ids=repr,
)
def test_a_wrong_assertion_is_refused(server, change):
    with pytest.raises(UntrustedToken, match="PBF_PROXY_AUDIENCE"):
        iap(server).claims(iap_token(**change))


@pytest.mark.parametrize("assertion", ["x", "a.b.c", "eyJ.eyJ.", "x" * 20_000])
def test_what_is_no_assertion_is_refused(server, assertion):
    with pytest.raises(UntrustedToken):
        iap(server).claims({"X-Goog-Iap-Jwt-Assertion": assertion})


def test_other_headers_are_no_assertion(server):
    assert iap(server).claims({**ADA, **GOOD, "X-Goog-Authenticated-User-Email": "a@b"}) is None


def padded(token: str) -> str:
    """Return a token as AWS writes it: signed over base64 with padding."""
    signed = ".".join(part + "=" * (-len(part) % 4) for part in token.split(".")[:2])
    algorithm = ECAlgorithm(ECAlgorithm.SHA256)
    signature = algorithm.sign(signed.encode(), private_key("ec-1"))
    return f"{signed}.{base64.urlsafe_b64encode(signature).decode()}"


def alb(server: KeyServer):
    return trusted_proxy("alb", audience=ARN, keys_url=server.url, clock=Clock())


def alb_token(key: str = "ec-1", **header: Any) -> str:
    content = {"sub": "u_42", "email": "ada@acme.example", "email_verified": "true", "name": "Ada"}
    names = {"signer": ARN, "iss": "https://login.example.com", "exp": START + 120, "client": "1"}
    return sign(content, key, **{**names, **header})


@pytest.mark.parametrize("write", [padded, str])
def test_a_load_balancer_names_a_person(server, write):
    assert "=" in padded(alb_token())

    claims = alb(server).claims({"x-amzn-oidc-data": write(alb_token())})

    assert (claims.issuer, claims.subject) == ("https://login.example.com", "u_42")
    assert (claims.name, claims.email_verified) == ("Ada", True)


@pytest.mark.parametrize(
    "change",
    [
        {"signer": ARN.replace("ours", "theirs")},
        {"signer": [ARN]},
        {"exp": START - 60},
        {"exp": None},
        {"key": "ec-2"},
        {"kid": "../keys"},
    ],
    ids=repr,
)
def test_another_load_balancer_is_refused(server, change):
    with pytest.raises(UntrustedToken):
        alb(server).claims({"x-amzn-oidc-data": alb_token(**change)})


def test_an_altered_signer_is_refused(server):
    header, payload, signature = alb_token(signer="theirs").split(".")
    text = base64.urlsafe_b64decode(header + "==").replace(b'"theirs"', f'"{ARN}"'.encode())
    altered = base64.urlsafe_b64encode(text).decode().rstrip("=")

    with pytest.raises(UntrustedToken, match="signature"):
        alb(server).claims({"x-amzn-oidc-data": f"{altered}.{payload}.{signature}"})


def test_cloudflare_names_a_person(server):
    proxy = trusted_proxy(
        "cloudflare:acme", audience="tag", keys_url=f"{server.url}/keys", clock=Clock()
    )
    token = iap_token(iss="https://acme.cloudflareaccess.com", aud=["tag"])
    other = iap_token(iss="https://evil.cloudflareaccess.com", aud=["tag"])

    claims = proxy.claims({"Cf-Access-Jwt-Assertion": next(iter(token.values()))})

    assert claims.issuer == "https://acme.cloudflareaccess.com"
    with pytest.raises(UntrustedToken):
        proxy.claims({"Cf-Access-Jwt-Assertion": next(iter(other.values()))})


def test_each_preset_has_the_address_of_its_keys():
    urls = [
        trusted_proxy("iap", audience=AUD).keys._source,
        trusted_proxy("alb", audience=ARN).keys._base,
        trusted_proxy("cloudflare:acme", audience="tag").keys._source,
    ]

    assert urls == [
        "https://www.gstatic.com/iap/verify/public_key-jwk",
        "https://public-keys.auth.elb.eu-west-1.amazonaws.com",
        "https://acme.cloudflareaccess.com/cdn-cgi/access/certs",
    ]


@pytest.mark.parametrize(
    ("issuer", "subject", "is_other"),
    [("a", "1", False), ("a", "2", True), ("b", "1", True), ("", "", True)],
)
def test_a_session_of_another_person_is_noticed(issuer, subject, is_other):
    assert is_other_person(Claims("proxy", "a", "1"), issuer=issuer, subject=subject) is is_other
