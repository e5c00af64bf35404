import base64
import hashlib
from dataclasses import replace

import pytest

from pbf.errors import (
    ProviderUnavailable,
    SignInExpired,
    SignInRefused,
    UnknownSignIn,
    UntrustedToken,
)
from pbf.identity.oidc.flow import Oidc
from pbf.identity.oidc.providers import Provider
from pbf.identity.oidc.signed_state import StateSigner
from tests.support.fake_issuer import fake_issuer
from tests.support.slow_server import HEAD, slow_server


def test_a_person_signs_in_and_comes_back_to_the_page_they_wanted(sign_in, issuer):
    issuer.claims = {"email": "ada@acme.example", "email_verified": True, "sid": "s1", "groups": []}

    finished = sign_in.finish()

    assert finished.next == "/connect?service=google_ads"
    assert finished.claims.issuer == issuer.url
    assert finished.claims.subject == "u1"
    assert finished.claims.email == "ada@acme.example"
    assert finished.claims.email_verified
    assert finished.claims.sid == "s1"
    assert finished.claims.id_token.count(".") == 2
    assert "/userinfo" not in issuer.asked


def test_the_request_binds_the_answer_to_this_sign_in(sign_in, issuer):
    sent = sign_in.start()
    sign_in.oidc.finish("fake", {"state": sent["state"], "code": "c"}, sent["cookie"])

    challenge = hashlib.sha256(issuer.form["code_verifier"].encode()).digest()
    assert sent["code_challenge_method"] == "S256"
    assert sent["code_challenge"] == base64.urlsafe_b64encode(challenge).decode().rstrip("=")
    assert sent["redirect_uri"] == "https://data.vendor.example/_/signed-in/fake"
    assert sent["scope"] == "openid email profile"
    assert issuer.form["redirect_uri"] == sent["redirect_uri"]


def test_groups_are_asked_for_where_the_provider_announces_that_scope(sign_in, issuer):
    issuer.metadata = {"scopes_supported": ["openid", "groups"]}

    assert sign_in.start()["scope"] == "openid email profile groups"


def test_each_sign_in_has_secrets_of_its_own(sign_in):
    first, second = sign_in.start(), sign_in.start()

    for name in ("state", "nonce", "code_challenge"):
        assert first[name] != second[name]


def test_what_the_id_token_lacks_is_read_from_userinfo(sign_in, issuer):
    issuer.claims = {"email": None}

    claims = sign_in.finish().claims

    assert (claims.email, claims.email_verified) == ("ada@acme.example", True)
    assert claims.all["groups"] == ["staff"]


def test_userinfo_of_another_person_is_refused(sign_in, issuer):
    issuer.userinfo["sub"] = "u2"

    with pytest.raises(UntrustedToken):
        sign_in.finish()


def test_userinfo_does_not_verify_a_different_address(sign_in, issuer):
    issuer.claims = {"email": "other@acme.example"}

    claims = sign_in.finish().claims

    assert (claims.email, claims.email_verified) == ("other@acme.example", False)


@pytest.mark.parametrize(
    ("verified", "trust", "expected"),
    [
        pytest.param(True, False, True, id="verified"),
        pytest.param("true", False, True, id="verified-as-text"),
        pytest.param(False, False, False, id="unverified"),
        pytest.param("false", False, False, id="unverified-as-text"),
        pytest.param(None, False, False, id="unsaid"),
        pytest.param(None, True, True, id="trusted-provider"),
    ],
)
def test_an_address_counts_as_verified_only_if_someone_vouches(
    sign_in_with, issuer, verified, trust, expected
):
    sign_in = sign_in_with(trust_email=trust)
    issuer.claims = {"email": "a@b.example", "email_verified": verified, "groups": []}

    assert sign_in.finish().claims.email_verified is expected


def test_a_reused_code_is_refused(sign_in):
    sign_in.finish(code="once")

    with pytest.raises(SignInRefused, match="Acme did not sign you in"):
        sign_in.finish(code="once")


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        pytest.param("access_denied", SignInRefused, id="denied"),
        pytest.param("<script>\r\nx", SignInRefused, id="markup"),
        pytest.param("temporarily_unavailable", ProviderUnavailable, id="down"),
    ],
)
def test_the_providers_refusal_is_told_in_our_own_words(sign_in, error, raised):
    with pytest.raises(raised) as refusal:
        sign_in.finish(error=error)

    assert "script" not in str(refusal.value)


def test_state_of_another_browser_is_refused(sign_in):
    victim, attacker = sign_in.start(), sign_in.start()

    with pytest.raises(UnknownSignIn):
        sign_in.oidc.finish("fake", {"state": attacker["state"], "code": "c"}, victim["cookie"])


@pytest.mark.parametrize("cookie", ["", "forged", "a.b.c", "x" * 5000, "é"])
def test_a_forged_state_is_refused(sign_in, cookie):
    sent = sign_in.start()

    with pytest.raises(UnknownSignIn):
        sign_in.oidc.finish("fake", {"state": sent["state"], "code": "c"}, cookie)


def test_state_signed_with_another_key_is_refused(sign_in):
    sent, other = sign_in.start(), StateSigner("another-key")
    forged = other.sign(replace(sign_in.signer.read(sent["cookie"])))

    with pytest.raises(UnknownSignIn):
        sign_in.oidc.finish("fake", {"state": sent["state"], "code": "c"}, forged)


def test_state_signed_with_an_older_key_is_accepted(sign_in):
    sent = sign_in.start()

    assert StateSigner("new", "a-key").read(sent["cookie"]).state == sent["state"]


def test_sign_in_has_to_end_within_ten_minutes(sign_in, later):
    sent = sign_in.start()
    later(10 * 60 + 2)

    with pytest.raises(SignInExpired, match="10 minutes"):
        sign_in.oidc.finish("fake", {"state": sent["state"], "code": "c"}, sent["cookie"])
    assert sign_in.oidc.next_page(sent["cookie"]) == "/connect?service=google_ads"


def test_the_answer_of_one_provider_is_refused_by_another(sign_in, issuer):
    with fake_issuer() as other:
        both = [sign_in.provider, Provider("other", other.url, "pbf", "s")]
        oidc = Oidc(both, public_url="https://x.example", signer=sign_in.signer)
        started = oidc.start("fake", "/")

        with pytest.raises(UnknownSignIn):
            oidc.finish("other", {"state": started.state, "code": "c"}, started.cookie)

        assert other.asked == []


@pytest.mark.parametrize(
    ("announced", "iss", "accepted"),
    [
        pytest.param(True, None, False, id="announced-and-missing"),
        pytest.param(True, "https://evil.example", False, id="announced-and-foreign"),
        pytest.param(False, "https://evil.example", False, id="foreign"),
        pytest.param(False, None, True, id="not-announced"),
        pytest.param(True, "own", True, id="own"),
    ],
)
def test_the_issuer_of_an_answer_is_checked(sign_in, issuer, announced, iss, accepted):
    issuer.metadata = {"authorization_response_iss_parameter_supported": announced}
    answer = {} if iss is None else {"iss": issuer.url if iss == "own" else iss}

    if accepted:
        assert sign_in.finish(**answer).claims.subject == "u1"
    else:
        with pytest.raises(UnknownSignIn):
            sign_in.finish(**answer)
        assert "/token" not in issuer.asked


def test_a_code_is_not_sent_to_where_the_provider_redirects(sign_in, issuer):
    sent = sign_in.start()
    with fake_issuer() as other:
        issuer.elsewhere = other.url

        with pytest.raises(ProviderUnavailable):
            sign_in.oidc.finish("fake", {"state": sent["state"], "code": "c"}, sent["cookie"])

        assert other.asked == []


@pytest.mark.parametrize(
    ("piece", "seconds"),
    [pytest.param(b" ", 0.2, id="byte-by-byte"), pytest.param(b" " * 300_000, 60, id="too-large")],
)
def test_an_answer_with_tokens_has_limits(sign_in, issuer, monkeypatch, piece, seconds):
    with slow_server(HEAD, piece) as server:
        issuer.metadata = {"token_endpoint": f"{server.url}/token"}
        sign_in.start()
        monkeypatch.setattr(sign_in.oidc._discoveries["fake"], "_timeout", seconds)

        with pytest.raises(ProviderUnavailable):
            sign_in.finish()

        assert server.is_abandoned()


def test_another_nonce_is_refused(sign_in, issuer):
    issuer.claims = {"nonce": "of another sign-in"}

    with pytest.raises(UntrustedToken):
        sign_in.finish()


def test_another_account_can_be_asked_for(sign_in, issuer):
    assert "prompt=login" in sign_in.oidc.start("fake", "/", other_account=True).url


def test_the_end_of_the_providers_session_comes_back_to_us(sign_in, issuer):
    issuer.metadata = {"end_session_endpoint": f"{issuer.url}/end?x=1"}

    url = sign_in.oidc.end_session_url("fake", "a.b.c")

    assert url.startswith(f"{issuer.url}/end?x=1&client_id=pbf&")
    assert "post_logout_redirect_uri=https%3A%2F%2Fdata.vendor.example%2F_%2Fsigned-out" in url
    assert url.endswith("&id_token_hint=a.b.c")


def test_a_provider_without_sign_out_or_answer_has_no_such_address(sign_in, issuer):
    issuer.status = 500
    assert sign_in.oidc.end_session_url("fake", "") == ""

    issuer.status = 200
    assert sign_in.oidc.end_session_url("fake", "") == ""
