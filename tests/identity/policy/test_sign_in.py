"""The providers and access rules of a policy file are understood, or refused with their line."""

import re
from pathlib import Path

import pytest

from pbf.errors import InvalidPolicy
from pbf.identity.access_rules import AccessRule
from pbf.identity.policy.file import PolicyFile, read_policy_file
from pbf.identity.policy.sign_in import ProviderSettings
from pbf.rules.access.permissions import Role

GOOGLE = "https://accounts.google.com"
ENTRA = "https://login.microsoftonline.com/1b2c/v2.0"
VALID = f"""\
version: 1
providers:
  - {{id: google, issuer: "{GOOGLE}", client_id: 123.apps, secret_env: GOOGLE_SECRET}}
  - id: entra
    issuer: {ENTRA}
    client_id: 1b2c-3d4e
    secret_env: ENTRA_SECRET
    name: Acme account
    trust_email: true
    trusted_tids: [1b2c]
tenants:
  acme: {{group: one}}
access:
  - {{provider: google, claim: hd, equals: acme.example, tenant: acme, role: editor}}
  - {{provider: entra, claim: groups, contains: admins, tenant: acme, role: admin}}
  - {{provider: oidc, claim: email, equals: a@acme.example, tenant: acme, role: viewer}}
"""
SECRETS = {"GOOGLE_SECRET": "secret-1", "ENTRA_SECRET": "secret-2"}


def read(folder: Path, text: str, environ: dict[str, str] | None = SECRETS) -> PolicyFile:
    (folder / "policy.yaml").write_text(text, encoding="utf-8")
    return read_policy_file(folder / "policy.yaml", environ)


def test_providers_have_their_secrets_from_the_environment_and_do_not_show_them(tmp_path):
    providers = read(tmp_path, VALID).providers

    assert providers == (
        ProviderSettings("google", GOOGLE, "123.apps", "GOOGLE_SECRET", "secret-1", ""),
        ProviderSettings(
            *("entra", ENTRA, "1b2c-3d4e", "ENTRA_SECRET", "secret-2", "Acme account"),
            trust_email=True,
            trusted_tids=("1b2c",),
        ),
    )
    assert "secret-1" not in repr(providers)


def test_access_rules_trust_what_their_provider_is_trusted_with(tmp_path):
    assert read(tmp_path, VALID).access == (
        AccessRule("google", "hd", "acme", Role.EDITOR, equals="acme.example"),
        AccessRule("entra", "groups", "acme", Role.ADMIN, contains="admins", trust_email=True),
        AccessRule("oidc", "email", "acme", Role.VIEWER, equals="a@acme.example"),
    )


def test_without_an_environment_secrets_are_neither_needed_nor_read(tmp_path):
    assert [entry.client_secret for entry in read(tmp_path, VALID, None).providers] == ["", ""]


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:9000", "http://localhost:9000/x/", GOOGLE])
def test_an_issuer_is_an_https_address_or_on_this_machine(tmp_path, issuer):
    assert read(tmp_path, VALID.replace(GOOGLE, issuer)).providers[0].issuer == issuer


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param("id: entra", "id: google", "line 4: There are two providers", id="twice"),
        pytest.param("id: entra", "id: oidc", "line 4: The id oidc stands for", id="reserved"),
        pytest.param("id: entra", "id: En tra", "line 4: id must be an id", id="id"),
        pytest.param(
            "  - id: entra\n    issuer", "  - issuer", "line 4: id is missing.", id="no-id"
        ),
        pytest.param(GOOGLE, "http://a.example", "line 3: issuer must be", id="http"),
        pytest.param(GOOGLE, "https://a:b@c.example", "line 3: issuer must be", id="user"),
        pytest.param(GOOGLE, "https://a.example?x=1", "line 3: issuer must be", id="query"),
        pytest.param(GOOGLE, "https://", "line 3: issuer must be", id="no-host"),
        pytest.param(GOOGLE, "https://[x", "line 3: issuer must be", id="bad-host"),
        pytest.param("GOOGLE_SECRET", "NO_SECRET", "line 3: The environment variable", id="env"),
        pytest.param("GOOGLE_SECRET", "my-secret", "line 3: secret_env must be", id="env-name"),
        pytest.param("123.apps", "123", "line 3: client_id must be", id="client-id"),
        pytest.param("trust_email: true", "trust_email: 1", "line 9: trust_email must", id="trust"),
        pytest.param("trust_email: true", "trusted: true", "line 9: There is no key", id="key"),
        pytest.param("[1b2c]", "1b2c", "line 10: trusted_tids must be a list", id="tids"),
        pytest.param(
            GOOGLE,
            "https://login.microsoftonline.com/common/v2.0",
            "line 3: People of any organization",
            id="common",
        ),
        pytest.param("provider: google", "provider: gogle", "line 14: There is no pr", id="no-pr"),
        pytest.param("tenant: acme, role: ad", "tenant: x, role: ad", "line 15: There is", id="te"),
        pytest.param("role: admin", "role: operator", "line 15: role must be viewer", id="role"),
        pytest.param("equals: acme.example, ", "", "line 14: A rule needs either", id="none"),
        pytest.param(
            "contains: admins", "contains: a, equals: b", "line 15: A rule needs either", id="both"
        ),
        pytest.param("contains: admins", "contains: 5", "line 15: contains must be", id="number"),
        pytest.param("contains: admins", 'contains: ""', "line 15: contains must be", id="empty"),
        pytest.param(", role: editor", "", "line 14: role is missing.", id="no-role"),
        pytest.param(
            "{provider: google, claim", "{claim", "line 14: provider is", id="no-provider"
        ),
    ],
)
def test_a_mistake_is_refused_with_its_line(tmp_path, old, new, message):
    with pytest.raises(InvalidPolicy, match=f"^policy.yaml, {re.escape(message)}") as refused:
        read(tmp_path, VALID.replace(old, new, 1))

    assert "secret-" not in str(refused.value)


@pytest.mark.parametrize(
    "text", ["providers: {}", "providers: [5]", "access: {}", "access: [a]", "access:"]
)
def test_what_is_no_list_of_maps_is_refused(tmp_path, text):
    with pytest.raises(InvalidPolicy, match=r"line 1: (providers|access) must be a list of"):
        read(tmp_path, f"{text}\nversion: 1\ntenants: {{a: {{}}}}\n")


def test_a_tenant_may_be_named_like_a_section(tmp_path):
    with pytest.raises(InvalidPolicy, match=r"There is no key 'x' here\. Use services, naming"):
        read(tmp_path, "version: 1\ntenants:\n  providers: {x: 1}\n")
