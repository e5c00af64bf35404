"""The settings of sign-in."""

import pytest

from pbf.config import check_listening, load_settings
from pbf.config.sign_in import SignIn
from pbf.errors import ConfigurationError

URL = {"PBF_PUBLIC_URL": "https://connect.example.com"}
OIDC = {
    "PBF_SIGN_IN": "oidc",
    "PBF_OIDC_ISSUER": "https://id.example.com/",
    "PBF_OIDC_CLIENT_ID": "pbf",
    "PBF_OIDC_CLIENT_SECRET": "secret",
    "PBF_OPERATORS": "Ada@Example.com, bob@example.com",
}
JWT = {"PBF_JWT_ISSUER": "https://app.example.com", "PBF_JWT_KEYS": "keys.json"}
CLOUDFLARE = {
    "PBF_SIGN_IN": "proxy",
    "PBF_PROXY_PRESET": "cloudflare:acme",
    "PBF_PROXY_AUDIENCE": "4714c1358e65fe4b",
}
ACCOUNT = {
    "FIVETRAN_API_KEY": "a-key",
    "FIVETRAN_API_SECRET": "a-secret",
    "FIVETRAN_GROUP_ID": "a_group",
}
SECRET = {"PBF_PROXY_SECRET": "0123456789abcdef0123456789abcdef"}


def test_nobody_has_to_sign_in_by_default():
    assert load_settings({}, dotenv=None).sign_in == SignIn()


def test_several_methods_are_read_with_what_they_need():
    ways = {"PBF_SIGN_IN": "OIDC, jwt proxy", "PBF_PROXY_PRESET": "oauth2-proxy"}
    sign_in = load_settings(URL | OIDC | JWT | SECRET | ways, dotenv=None).sign_in

    assert sign_in.methods == ("oidc", "jwt", "proxy")
    assert sign_in.oidc_issuer == "https://id.example.com/"
    assert sign_in.operators == ("ada@example.com", "bob@example.com")
    assert "secret" not in repr(sign_in)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"PBF_SIGN_IN": "saml"}, "PBF_SIGN_IN is not a way to sign in"),
        ({"PBF_SIGN_IN": "off oidc"}, "PBF_SIGN_IN is not a way to sign in"),
        (OIDC, "PBF_PUBLIC_URL is not set"),
        (URL | OIDC | {"PBF_OIDC_CLIENT_ID": ""}, "must both be set"),
        (URL | OIDC | {"PBF_OIDC_ISSUER": "example.com"}, "PBF_OIDC_ISSUER is not a URL"),
        (
            URL | JWT | {"PBF_SIGN_IN": "jwt", "PBF_JWT_KEYS": ""},
            "PBF_JWT_ISSUER and PBF_JWT_KEYS must both be set",
        ),
        (URL | {"PBF_SIGN_IN": "proxy"}, "PBF_PROXY_PRESET is none of"),
        (URL | {"PBF_SIGN_IN": "proxy", "PBF_PROXY_PRESET": "iap"}, "PBF_PROXY_AUDIENCE is not"),
        (URL | CLOUDFLARE | {"PBF_PROXY_AUDIENCE": ""}, "PBF_PROXY_AUDIENCE is not"),
        (URL | CLOUDFLARE | {"PBF_PROXY_PRESET": "cloudflare"}, "PBF_PROXY_PRESET is none of"),
        (
            URL | {"PBF_SIGN_IN": "proxy", "PBF_PROXY_PRESET": "X-User=sub"},
            "PBF_PROXY_SECRET must be random",
        ),
        (
            URL
            | {"PBF_SIGN_IN": "proxy", "PBF_PROXY_PRESET": "X-User=sub"}
            | {"PBF_PROXY_SECRET": "a" * 32},
            "PBF_PROXY_SECRET must be random",
        ),
        ({"PBF_SESSION_HOURS": "0"}, "PBF_SESSION_HOURS is not a number of hours"),
        ({"PBF_SESSION_IDLE_MINUTES": "soon"}, "is not a number of minutes"),
    ],
)
def test_a_mistake_is_named(values, said):
    with pytest.raises(ConfigurationError, match=said):
        load_settings(values, dotenv=None)


def test_sign_in_links_alone_need_no_keys():
    sign_in = load_settings(URL | {"PBF_SIGN_IN": "jwt"}, dotenv=None).sign_in

    assert (sign_in.methods, sign_in.jwt_issuer) == (("jwt",), "")


def test_a_cloudflare_team_is_part_of_the_preset():
    sign_in = load_settings(URL | CLOUDFLARE, dotenv=None).sign_in

    assert sign_in.proxy_preset == "cloudflare:acme"


@pytest.mark.parametrize(
    "values",
    [URL, {"PBF_ALLOWED_HOSTS": "localhost inner"}, {"PBF_PUBLIC_URL": "http://10.0.0.7:8501"}],
    ids=["public-url", "allowed-host", "address"],
)
def test_an_account_is_not_opened_to_others_without_sign_in(values):
    with pytest.raises(ConfigurationError, match=r"PBF_SIGN_IN to oidc, .* \(docs/sign-in\.md\)"):
        load_settings(ACCOUNT | values, dotenv=None)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(ACCOUNT | {"PBF_PUBLIC_URL": "http://127.0.0.1:8501"}, id="loopback"),
        pytest.param(ACCOUNT | {"PBF_ALLOWED_HOSTS": "[::1] localhost"}, id="loopback-names"),
        pytest.param(URL, id="embedded-sandbox"),
        pytest.param(ACCOUNT | URL | OIDC, id="sign-in"),
    ],
)
def test_sign_in_may_be_off_where_nobody_else_comes(values):
    load_settings(values, dotenv=None)


@pytest.mark.parametrize("address", ["0.0.0.0", "", "10.0.0.7", "inner", "::"])
def test_an_account_without_sign_in_listens_on_loopback_alone(address):
    settings = load_settings(ACCOUNT, dotenv=None)

    with pytest.raises(ConfigurationError, match="sign-in is off"):
        check_listening(settings, address)


@pytest.mark.parametrize(
    ("values", "address"),
    [(ACCOUNT, "127.0.0.1"), (ACCOUNT, "localhost"), (ACCOUNT | URL | OIDC, "0.0.0.0"), ({}, "")],
)
def test_others_may_reach_a_sandbox_or_a_dashboard_with_sign_in(values, address):
    check_listening(load_settings(values, dotenv=None), address)
