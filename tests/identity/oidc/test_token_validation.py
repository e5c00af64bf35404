"""Forged, foreign and stale tokens, signed by a fake issuer."""

import base64
import time

import jwt
import pytest

from pbf.errors import UntrustedToken
from pbf.identity.oidc.providers import Provider
from pbf.identity.oidc.token_validation import LOGOUT_EVENT, LogoutToken
from tests.support.fake_issuer import After

PERSONAL = "9188040d-6c67-4c5b-b112-36a304b66dad"


def refused(sign_in) -> bool:
    """Whether sign-in refuses the token that the issuer gives."""
    try:
        sign_in.finish()
    except UntrustedToken:
        return True
    return False


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"iss": "https://evil.example"}, id="iss"),
        pytest.param({"iss": None}, id="no-iss"),
        pytest.param({"aud": "another-client"}, id="aud"),
        pytest.param({"aud": "another-client", "azp": "pbf"}, id="aud-with-our-azp"),
        pytest.param({"aud": ["pbf", "another-client"]}, id="aud-of-several"),
        pytest.param({"aud": ["pbf", "another-client"], "azp": "pbf"}, id="several-with-azp"),
        pytest.param({"aud": []}, id="empty-aud"),
        pytest.param({"aud": None}, id="no-aud"),
        pytest.param({"azp": "another-client"}, id="azp"),
        pytest.param({"exp": After(-3600)}, id="expired"),
        pytest.param({"exp": None}, id="no-exp"),
        pytest.param({"iat": After(3600)}, id="from-the-future"),
        pytest.param({"iat": None}, id="no-iat"),
        pytest.param({"nbf": After(3600)}, id="not-yet-valid"),
        pytest.param({"nonce": "another"}, id="nonce"),
        pytest.param({"nonce": None}, id="no-nonce"),
        pytest.param({"nonce": 7}, id="nonce-is-no-text"),
        pytest.param({"sub": None}, id="no-sub"),
        pytest.param({"sub": ""}, id="empty-sub"),
        pytest.param({"sub": 7}, id="sub-is-no-text"),
    ],
)
def test_an_id_token_with_wrong_claims_is_refused(sign_in, issuer, claims):
    issuer.claims = claims

    assert refused(sign_in)
    assert "/userinfo" not in issuer.asked


def test_the_times_of_an_id_token_are_compared_with_the_shared_clock(sign_in, issuer, later):
    sign_in.clock.now += 3600
    assert refused(sign_in)

    later(3600)  # of the issuer too, but not of the library
    assert not refused(sign_in)


def test_an_audience_may_be_a_list_of_us_alone(sign_in, issuer):
    issuer.claims = {"aud": ["pbf"], "azp": "pbf"}

    assert not refused(sign_in)


def valid(issuer, nonce: str) -> dict[str, object]:
    """The claims of a token that would be accepted."""
    now = int(time.time())
    times = {"iat": now, "exp": now + 300}
    return {"iss": issuer.url, "aud": "pbf", "sub": "u1", "nonce": nonce, **times}


@pytest.mark.parametrize("headers", [{}, {"kid": "one"}])
def test_a_token_without_signature_is_refused(sign_in, issuer, headers):
    issuer.make_token = lambda nonce: jwt.encode(
        valid(issuer, nonce), "", algorithm="none", headers=headers
    )

    assert refused(sign_in)


@pytest.mark.parametrize("secret", ["public key", "client secret"])
def test_a_token_signed_with_a_shared_secret_is_refused(sign_in, issuer, secret):
    key = issuer.jwks()["keys"][0]["n"]
    if secret == "client secret":
        key = sign_in.provider.client_secret.ljust(32, "x")
    issuer.make_token = lambda nonce: jwt.encode(
        valid(issuer, nonce), key, algorithm="HS256", headers={"kid": "one"}
    )

    assert refused(sign_in)


def test_a_token_of_another_key_with_our_kid_is_refused(sign_in, issuer):
    issuer.add_key("evil", "RSA")
    evil = issuer.keys.pop("evil")
    issuer.make_token = lambda nonce: jwt.encode(
        valid(issuer, nonce), evil, algorithm="RS256", headers={"kid": "one"}
    )

    assert refused(sign_in)


@pytest.mark.parametrize("token", [" ", "a.b.c", "no token", "e30.e30.", "x" * 200_000])
def test_what_is_no_token_is_refused(sign_in, issuer, token):
    issuer.make_token = lambda nonce: token

    assert refused(sign_in)


@pytest.mark.parametrize(
    ("kind", "algorithm"), [("RSA", "PS256"), ("EC", "ES256"), ("OKP", "EdDSA")]
)
def test_modern_signatures_are_accepted(sign_in, issuer, kind, algorithm):
    issuer.add_key("two", kind)
    issuer.make_token = lambda nonce: issuer.sign({"nonce": nonce}, kid="two", algorithm=algorithm)

    assert not refused(sign_in)


def test_other_algorithms_are_refused_although_the_key_fits(sign_in, issuer):
    issuer.make_token = lambda nonce: issuer.sign({"nonce": nonce}, algorithm="RS512")

    assert refused(sign_in)


def test_a_new_key_is_fetched_once(sign_in, issuer):
    sign_in.finish()
    issuer.add_key("two", "EC")
    issuer.make_token = lambda nonce: issuer.sign({"nonce": nonce}, kid="two", algorithm="ES256")

    assert not refused(sign_in)
    assert not refused(sign_in)
    assert issuer.asked.count("/jwks") == 2


def test_unknown_keys_do_not_make_us_ask_again_and_again(sign_in, issuer):
    issuer.add_key("evil", "EC")
    evil = issuer.keys.pop("evil")
    issuer.make_token = lambda nonce: jwt.encode(
        valid(issuer, nonce), evil, algorithm="ES256", headers={"kid": "evil"}
    )

    assert all(refused(sign_in) for _ in range(4))
    assert issuer.asked.count("/jwks") == 2


def logout(issuer, **claims) -> str:
    """A logout token."""
    usual = {"sub": None, "sid": "s1", "jti": "one", "events": {LOGOUT_EVENT: {}}, "exp": None}
    return issuer.sign({**usual, **claims})


@pytest.fixture
def read(sign_in):
    """Reads a logout token, with a memory of the ids that were used."""
    used = set()

    def use_once(key, until):
        assert until > time.time()
        return not (key in used or used.add(key))

    return lambda token: sign_in.oidc.read_logout_token("fake", token, use_once=use_once)


def test_a_logout_token_names_the_providers_session(issuer, read):
    assert read(logout(issuer)) == LogoutToken(issuer.url, "", "s1")


def test_a_logout_token_may_name_the_person_alone(issuer, read):
    assert read(logout(issuer, sid=None, sub="u1")) == LogoutToken(issuer.url, "u1", "")


def test_a_logout_token_is_used_once(issuer, read):
    read(logout(issuer))

    with pytest.raises(UntrustedToken):
        read(logout(issuer))


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"iss": "https://evil.example"}, id="iss"),
        pytest.param({"aud": "another-client"}, id="aud"),
        pytest.param({"aud": ["pbf", "another-client"]}, id="aud-of-several"),
        pytest.param({"events": None}, id="no-events"),
        pytest.param({"events": {}}, id="empty-events"),
        pytest.param({"events": LOGOUT_EVENT}, id="events-is-no-object"),
        pytest.param({"nonce": "n"}, id="id-token"),
        pytest.param({"iat": After(-400)}, id="old"),
        pytest.param({"iat": After(400)}, id="from-the-future"),
        pytest.param({"iat": None}, id="no-iat"),
        pytest.param({"jti": None}, id="no-jti"),
        pytest.param({"exp": After(-3600)}, id="expired"),
        pytest.param({"sid": None}, id="nobody"),
        pytest.param({"sid": 7}, id="sid-is-no-text"),
    ],
)
def test_a_wrong_logout_token_is_refused(issuer, read, claims):
    with pytest.raises(UntrustedToken):
        read(logout(issuer, **claims))


@pytest.mark.parametrize(
    "header", ["[" * 60_000, '{"alg": []}', '{"alg": "RS256", "kid": 7}', "[]", "7", "é"]
)
def test_a_token_with_a_hostile_header_is_refused(read, header):
    encoded = base64.urlsafe_b64encode(header.encode()).decode().rstrip("=")

    with pytest.raises(UntrustedToken):
        read(f"{encoded}.e30.AAAA")


def test_a_shared_entra_issuer_accepts_trusted_tenants_alone(issuer, sign_in, monkeypatch):
    tid = "11111111-2222-3333-4444-555555555555"
    provider = Provider(
        "entra",
        "https://login.microsoftonline.com/organizations/v2.0",
        "pbf",
        trusted_tids=(tid,),
    )
    verifier = sign_in.oidc._verifiers["fake"]
    monkeypatch.setattr(verifier, "_provider", provider)

    def claims_of(tenant, named):
        iss = f"https://login.microsoftonline.com/{tenant}/v2.0"
        token = issuer.sign({"iss": iss, "tid": named, "nonce": "n"})
        return verifier.id_token(token, nonce="n")

    assert claims_of(tid, tid)["tid"] == tid
    for tenant, named in ((PERSONAL, PERSONAL), (tid, PERSONAL), (PERSONAL, tid), (tid, None)):
        with pytest.raises(UntrustedToken):
            claims_of(tenant, named)
