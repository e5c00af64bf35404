"""SSO tokens: every rule about their claims, and no altered token is accepted."""

import base64
import json
import random
import string
from typing import Any

import jwt
import pytest

from pbf.errors import ProviderUnavailable, UntrustedToken
from pbf.identity.external.keys import KeySet
from pbf.identity.external.sso import SsoTokens
from pbf.rules.access.permissions import Role
from tests.support.clock import START, Clock
from tests.support.signing import jwks, pem, sign

ISSUER = "https://app.example.com"
AUDIENCE = "https://connect.example.com"
CLAIMS = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": "u_42",
    "iat": START,
    "exp": START + 60,
    "jti": "1",
    "tenant": "acme",
}
KIDS = ("ec-1", "rsa-1", "ed-1", "small-1")


@pytest.fixture(scope="module")
def keys(tmp_path_factory) -> KeySet:
    file = tmp_path_factory.mktemp("keys") / "keys.json"
    file.write_text(json.dumps(jwks(*KIDS)))
    return KeySet(str(file))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def used() -> set[str]:
    return set()


@pytest.fixture
def tokens(keys, clock, used) -> SsoTokens:
    return sso_tokens(keys, clock, used)


def sso_tokens(keys, clock, used) -> SsoTokens:
    def use_once(text: str) -> bool:
        is_first = text not in used
        used.add(text)
        return is_first

    return SsoTokens(
        issuer=ISSUER,
        audience=AUDIENCE,
        keys=keys,
        use_once=use_once,
        tenant_exists={"acme"}.__contains__,
        allowed_origins=("https://app.example.com",),
        session_hours=12,
        clock=clock,
    )


def base64url(content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


@pytest.mark.parametrize("kid", ["ec-1", "rsa-1", "ed-1"])
def test_a_token_signs_the_person_in(tokens, kid):
    claims = {
        **CLAIMS,
        "role": "editor",
        "name": "Ada",
        "email": "ada@acme.example",
        "services": ["google_ads"],
        "page": "/connect",
        "return_url": "https://app.example.com/data",
        "session_minutes": 30,
        "other": 1,
    }

    sign_in = tokens.sign_in(sign(claims, kid))

    assert (sign_in.claims.issuer, sign_in.claims.subject) == (ISSUER, "u_42")
    assert (sign_in.claims.name, sign_in.claims.email_verified) == ("Ada", False)
    assert (sign_in.tenant_id, sign_in.role, sign_in.method) == ("acme", Role.EDITOR, "jwt")
    assert (sign_in.services, sign_in.page) == ({"google_ads"}, "/connect")
    assert (sign_in.return_url, sign_in.minutes) == ("https://app.example.com/data", 30)


def test_a_token_with_the_least_makes_a_viewer(tokens):
    sign_in = tokens.sign_in(sign(CLAIMS))

    assert (sign_in.role, sign_in.services, sign_in.minutes) == (Role.VIEWER, None, None)


def test_a_session_is_not_longer_than_the_settings_allow(tokens):
    assert tokens.sign_in(sign({**CLAIMS, "session_minutes": 100_000})).minutes == 720


@pytest.mark.parametrize("audience", [f"{AUDIENCE}/", [AUDIENCE, "https://other.example"]])
def test_our_address_is_recognised_in_the_audience(tokens, audience):
    assert tokens.sign_in(sign({**CLAIMS, "aud": audience}))


def test_a_token_works_once(tokens):
    token = sign(CLAIMS)
    tokens.sign_in(token)

    with pytest.raises(UntrustedToken, match="already used"):
        tokens.sign_in(token)
    with pytest.raises(UntrustedToken, match="already used"):
        tokens.sign_in(sign({**CLAIMS, "sub": "u_43"}))


NUMBERS = [None, "soon", True, [], {}, float("nan"), float("inf"), "1e400", 10**400]
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "other issuer": ({"iss": "https://evil.example"}, "claim iss"),
    "no issuer": ({"iss": None}, "not valid"),
    "other audience": ({"aud": "https://other.example"}, "claim aud"),
    "no audience": ({"aud": None}, "not valid|claim aud"),
    "expired": ({"iat": START - 200, "exp": START - 60}, "has expired"),
    "from the future": ({"iat": START + 61, "exp": START + 100}, "not valid yet"),
    "not yet": ({"nbf": START + 61}, "not valid yet"),
    "too long": ({"exp": START + 601}, "at most 10 minutes"),
    "without life": ({"exp": START}, "at most 10 minutes"),
    "no subject": ({"sub": None}, "claim sub|not valid"),
    "empty subject": ({"sub": ""}, "claim sub"),
    "number as subject": ({"sub": 42}, "not valid|claim sub"),
    "no id": ({"jti": None}, "claim jti|not valid"),
    "no tenant": ({"tenant": None}, "claim tenant"),
    "other tenant": ({"tenant": "nonesuch"}, "tenant that does not exist"),
    "operator": ({"role": "operator"}, "claim role"),
    "no services": ({"services": []}, "claim services"),
    "other page": ({"page": "//evil.example"}, "claim page"),
    "other origin": ({"return_url": "https://evil.example"}, "claim return_url"),
    "no minutes": ({"session_minutes": 0}, "claim session_minutes"),
    "part of a minute": ({"session_minutes": 0.5}, "claim session_minutes"),
    **{f"exp {number!r:.9}": ({"exp": number}, "claim exp|not valid") for number in NUMBERS},
    **{f"iat {number!r:.9}": ({"iat": number}, "claim iat|not valid") for number in NUMBERS},
    **{f"nbf {number!r:.9}": ({"nbf": number}, "claim nbf|not valid") for number in NUMBERS[1:]},
}


@pytest.mark.parametrize(("change", "message"), WRONG.values(), ids=WRONG)
def test_a_token_with_a_wrong_claim_is_refused_and_not_used_up(tokens, used, change, message):
    claims = {name: value for name, value in {**CLAIMS, **change}.items() if value is not None}

    with pytest.raises(UntrustedToken, match=message):
        tokens.sign_in(sign(claims))

    assert used == set()


@pytest.mark.parametrize("name", CLAIMS)
def test_every_claim_of_the_least_is_required(tokens, name):
    claims = {key: value for key, value in CLAIMS.items() if key != name}

    with pytest.raises(UntrustedToken):
        tokens.sign_in(sign(claims))


@pytest.mark.parametrize(("before", "after"), [(-659, -59), (60, 660)])
def test_clocks_may_differ_by_a_minute(tokens, before, after):
    assert tokens.sign_in(sign({**CLAIMS, "iat": START + before, "exp": START + after}))


def test_an_unsigned_token_is_refused(tokens):
    for name in ("none", "None", "NONE", ""):
        unsigned = f"{base64url({'alg': name, 'kid': 'ec-1'})}.{base64url(CLAIMS)}."
        for token in (unsigned, f"{unsigned}AA"):
            with pytest.raises(UntrustedToken):
                tokens.sign_in(token)


@pytest.mark.parametrize("kid", ["ec-1", "rsa-1", "ed-1"])
def test_a_public_key_is_no_shared_secret(tokens, kid):
    key = jwt.PyJWK({"kty": "oct", "k": base64.urlsafe_b64encode(pem(kid)).decode()}).key
    signing_input = f"{base64url({'alg': 'HS256', 'kid': kid})}.{base64url(CLAIMS)}"
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
        signing_input.encode(), key
    )
    forged = f"{signing_input}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"

    with pytest.raises(UntrustedToken):
        tokens.sign_in(forged)


def test_a_key_is_used_only_by_its_own_id_and_if_it_is_long_enough(tokens):
    for token in (sign(CLAIMS, "ec-1", kid="rsa-1"), sign(CLAIMS, "ec-2"), sign(CLAIMS, kid="")):
        with pytest.raises(UntrustedToken):
            tokens.sign_in(token)
    with pytest.raises(UntrustedToken, match="unknown key"):
        tokens.sign_in(sign(CLAIMS, "ec-9"))
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        short = sign(CLAIMS, "small-1")
    with pytest.raises(UntrustedToken):
        tokens.sign_in(short)


def test_keys_that_a_token_brings_along_are_not_used(tokens):
    forged = sign(
        CLAIMS, "ec-2", kid="ec-1", jwk=jwks("ec-2")["keys"][0], jku="https://evil.example"
    )

    with pytest.raises(UntrustedToken):
        tokens.sign_in(forged)


def test_without_keys_sign_in_is_unavailable(clock, used):
    class NoKeys:
        def key_for(self, kid: str) -> None:
            raise ProviderUnavailable("The keys cannot be read.")

    with pytest.raises(ProviderUnavailable):
        sso_tokens(NoKeys(), clock, used).sign_in(sign(CLAIMS))


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b.c",
        "a.b.c.d",
        "é.é.é",
        "e30.e30.e30",
        "x" * 9_000,
        "\0.\0.\0",
        "W10.e30.AA",
    ],
    ids=lambda token: repr(token[:9]),
)
def test_what_is_no_token_is_refused(tokens, token):
    with pytest.raises(UntrustedToken):
        tokens.sign_in(token)


@pytest.mark.parametrize("kid", ["ec-1", "rsa-1", "ed-1"])
def test_of_10_000_altered_tokens_none_is_accepted(keys, clock, used, kid):
    tokens, token, rand = sso_tokens(keys, clock, used), sign(CLAIMS, kid), random.Random(kid)
    alphabet = string.ascii_letters + string.digits + "-_.="

    for _ in range(3_334):
        place, character = rand.randrange(len(token)), rand.choice(alphabet)
        altered = [
            token[:place] + character + token[place + 1 :],
            token[:place] + token[place + 1 :],
            token[:place] + character + token[place:],
        ][rand.randrange(3)]
        if altered != token:
            with pytest.raises(UntrustedToken):
                tokens.sign_in(altered)

    assert used == set()
    assert tokens.sign_in(token)
