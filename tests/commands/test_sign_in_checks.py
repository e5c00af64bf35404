"""What `doctor` says about sign-in."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pbf import runtime as runtimes
from pbf.commands.results import Result
from pbf.commands.sign_in_checks import sign_in_results
from pbf.config import Settings
from pbf.config.sign_in import SignIn
from pbf.runtime import Runtime
from tests.support.fake_issuer import FakeIssuer, fake_issuer
from tests.support.signing import jwks

PUBLIC_URL = "https://connect.example"
OPERATORS = ("olga@vendor.example",)

Checks = Callable[..., dict[str, Result]]


@pytest.fixture
def issuer() -> Iterator[FakeIssuer]:
    """A provider that answers."""
    with fake_issuer() as running:
        yield running


@pytest.fixture
def check(settings: Settings) -> Iterator[Checks]:
    """Return the results by subject, under changed settings of sign-in."""
    started: list[Runtime] = []

    def check(public_url: str = PUBLIC_URL, policy: str | None = None, **sign_in: object):
        changed = replace(settings, public_url=public_url, policy=policy, sign_in=SignIn(**sign_in))
        started.append(runtimes.start(changed))
        return {result.subject: result for result in sign_in_results(started[-1])}

    yield check
    for runtime in started:
        runtime.close()


def oidc(issuer: str, secret: str = "s") -> dict[str, object]:
    return {
        "methods": ("oidc",),
        "oidc_issuer": issuer,
        "oidc_client_id": "pbf",
        "oidc_client_secret": secret,
        "operators": OPERATORS,
    }


def test_a_sound_provider_passes_every_check(check: Checks, issuer: FakeIssuer):
    results = check(**oidc(issuer.url))

    assert list(results) == ["sign-in", "cookies", "provider", "policy", "groups", "operators"]
    assert all(result.ok and not result.warning for result in results.values())
    assert results["cookies"].text.startswith("__Host-pbf:")
    assert f"register {PUBLIC_URL}/_/signed-in/oidc there" in results["provider"].text
    assert results["policy"].text.startswith("1 tenant, from the settings")
    assert results["operators"].text == "1 in PBF_OPERATORS"


def test_a_provider_that_names_another_issuer_is_reported(check: Checks, issuer: FakeIssuer):
    issuer.metadata = {"issuer": "https://elsewhere.example"}

    provider = check(**oidc(issuer.url))["provider"]

    assert not provider.ok
    assert f"oidc: {issuer.url} publishes no usable discovery document" in provider.text


def test_a_provider_without_a_secret_is_a_warning(check: Checks, issuer: FakeIssuer):
    assert check(**oidc(issuer.url, secret=""))["provider"].warning


def test_sign_in_by_oidc_needs_a_provider(check: Checks):
    assert not check(methods=("oidc",))["provider"].ok


def test_cookies_without_https_are_a_warning(check: Checks, issuer: FakeIssuer):
    assert check("http://127.0.0.1:8501", **oidc(issuer.url))["cookies"].warning


@pytest.mark.parametrize(
    ("content", "is_good", "text"),
    [
        (json.dumps(jwks("ec-1")), True, "readable, for tokens of https://app.example"),
        ("no JSON", False, "is no readable JWKS"),
        (None, False, "There is no file"),
    ],
)
def test_the_keys_of_sso_tokens_are_read(
    check: Checks, tmp_path: Path, content: str | None, is_good: bool, text: str
):
    path = tmp_path / "keys.json"
    if content is not None:
        path.write_text(content)

    sso = check(methods=("jwt",), jwt_issuer="https://app.example", jwt_keys=str(path))

    assert (sso["SSO keys"].ok, text in sso["SSO keys"].text) == (is_good, True)
    assert sso["operators"].warning


def test_sign_in_links_alone_need_no_keys(check: Checks):
    assert check(methods=("jwt",))["SSO keys"].text.startswith("none; sign-in links are accepted")


def test_a_proxy_is_named_without_its_secret(check: Checks):
    proxy = check(methods=("proxy",), proxy_preset="oauth2-proxy", proxy_secret="s" * 32)["proxy"]

    assert str(proxy) == "ok   proxy        oauth2-proxy, which proves itself by X-Proxy-Secret"


def test_a_group_that_the_key_does_not_see_is_reported(
    check: Checks, settings: Settings, policy_path: Path
):
    policy_path.write_text(
        "version: 1\ntenants:\n"
        f"  acme: {{group: {settings.group_id}}}\n  globex: {{group: not_there}}\n"
    )
    headers = {"proxy_preset": "X-User=sub", "proxy_secret": "s" * 32}

    results = check(policy=str(policy_path), methods=("proxy",), **headers)

    assert results["policy"].text == f"2 tenants, from {policy_path}"
    assert results["groups"].text == "the API key does not see not_there of globex"
    assert not results["groups"].ok
