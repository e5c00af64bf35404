import pytest

from pbf.errors import ConfigurationError
from pbf.identity.oidc.providers import Provider

ENTRA = "https://login.microsoftonline.com"


def provider(**changes) -> Provider:
    """A valid provider with these changes."""
    usual = {"id": "google", "issuer": "https://accounts.google.com", "client_id": "c"}
    return Provider(**{**usual, **changes})


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        pytest.param({"id": "a/b"}, "lower-case letters", id="id-with-slash"),
        pytest.param({"id": ""}, "lower-case letters", id="no-id"),
        pytest.param({"id": "a\n"}, "lower-case letters", id="id-with-line-break"),
        pytest.param({"client_id": ""}, "google has no client id", id="no-client"),
        pytest.param({"scopes": ("email",)}, "must include openid", id="scopes"),
        pytest.param({"issuer": "http://idp.example"}, "must be an https URL", id="plain-http"),
        pytest.param({"issuer": "https://idp.example?x=1"}, "without a query", id="query"),
        pytest.param({"issuer": "https://u:p@idp.example"}, "https URL", id="credentials"),
        pytest.param({"issuer": "https://[bad"}, "https URL", id="no-url"),
        pytest.param({"issuer": f"{ENTRA}/common/v2.0"}, "trusted_tids", id="entra-common"),
    ],
)
def test_an_invalid_provider_is_refused_with_a_sentence(changes, sentence):
    with pytest.raises(ConfigurationError, match=sentence):
        provider(**changes)


def test_a_provider_on_this_machine_may_use_http():
    assert provider(issuer="http://127.0.0.1:9000").label == "127.0.0.1"


def test_the_label_is_the_name_or_the_host():
    assert provider().label == "accounts.google.com"
    assert provider(name="Google").label == "Google"


def test_the_secret_is_not_shown():
    assert "hush" not in repr(provider(client_secret="hush"))


def test_a_shared_entra_issuer_stands_for_the_trusted_tenants():
    shared = provider(issuer=f"{ENTRA}/common/v2.0", trusted_tids=("t1", "t2"))

    assert shared.published_issuer == f"{ENTRA}/{{tenantid}}/v2.0"
    assert shared.issuers() == {f"{ENTRA}/t1/v2.0", f"{ENTRA}/t2/v2.0"}
    assert provider(issuer=f"{ENTRA}/t1/v2.0").issuers() == {f"{ENTRA}/t1/v2.0"}
