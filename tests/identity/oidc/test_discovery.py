import pytest

from pbf.errors import ProviderUnavailable
from pbf.identity.oidc.discovery import Discovery
from pbf.identity.oidc.providers import Provider
from tests.support.fake_issuer import fake_issuer
from tests.support.servers import free_port
from tests.support.slow_server import slow_server

DOCUMENT = "/.well-known/openid-configuration"


@pytest.fixture
def discovery(issuer, clock):
    return Discovery(Provider("fake", issuer.url, "pbf", "s", "Acme"), timeout=5, clock=clock)


def test_the_metadata_is_read_once_an_hour(discovery, issuer, clock):
    discovery.metadata()
    discovery.metadata()
    assert issuer.asked == [DOCUMENT, "/jwks"]

    clock.now += 3601
    discovery.metadata()
    assert issuer.asked == [DOCUMENT, "/jwks"] * 2


def test_the_last_metadata_serves_while_the_provider_is_down(discovery, issuer, clock):
    first = discovery.metadata()
    issuer.status, clock.now = 503, clock.now + 3601

    assert discovery.metadata() == first
    assert len(discovery.keys()) == 1


def test_a_provider_that_fails_is_left_alone_for_five_seconds(discovery, issuer, clock):
    issuer.status = 503
    for _ in range(3):
        with pytest.raises(ProviderUnavailable, match="Acme gives no usable answer"):
            discovery.metadata()
    assert issuer.asked == [DOCUMENT]

    issuer.status, clock.now = 200, clock.now + 6
    assert discovery.metadata().issuer == issuer.url


def test_a_provider_that_does_not_listen_is_unavailable():
    discovery = Discovery(Provider("x", f"http://127.0.0.1:{free_port()}", "pbf"), timeout=5)

    with pytest.raises(ProviderUnavailable):
        discovery.metadata()


@pytest.mark.parametrize(
    "metadata",
    [
        pytest.param({"issuer": "https://evil.example"}, id="another-issuer"),
        pytest.param({"issuer": None}, id="no-issuer"),
        pytest.param({"token_endpoint": "http://evil.example/token"}, id="plain-http"),
        pytest.param({"authorization_endpoint": "javascript:alert(1)"}, id="script"),
        pytest.param({"jwks_uri": "file:///etc/passwd"}, id="file"),
    ],
)
def test_a_document_that_leads_elsewhere_is_refused(discovery, issuer, metadata):
    issuer.metadata = metadata

    with pytest.raises(ProviderUnavailable):
        discovery.metadata()


def test_redirects_are_not_followed(discovery, issuer):
    with fake_issuer() as other:
        issuer.elsewhere = other.url

        with pytest.raises(ProviderUnavailable):
            discovery.metadata()

        assert other.asked == []


def test_every_request_has_a_timeout(discovery, monkeypatch):
    timeouts = []

    def send(session, request, **options):
        timeouts.append(options["timeout"])
        raise OSError

    monkeypatch.setattr("requests.Session.send", send)
    with pytest.raises(ProviderUnavailable):
        discovery.metadata()

    assert timeouts == [5]


def test_an_answer_that_arrives_byte_by_byte_is_not_waited_for():
    with slow_server() as server:
        discovery = Discovery(Provider("x", server.url, "pbf"), timeout=0.2)

        with pytest.raises(ProviderUnavailable):
            discovery.metadata()

        assert server.is_abandoned()


def test_an_answer_that_is_too_large_is_not_read_to_its_end(caplog):
    with slow_server(piece=b" " * 300_000) as server:
        discovery = Discovery(Provider("x", server.url, "pbf"), timeout=60)

        with pytest.raises(ProviderUnavailable):
            discovery.metadata()

        assert server.is_abandoned()


def test_keys_are_read_again_once_a_minute_at_most(discovery, issuer, clock):
    discovery.keys()
    issuer.add_key("two", "EC")

    assert len(discovery.keys()) == 1
    assert len(discovery.keys(newer=True)) == 2
    assert [discovery.keys(newer=True) for _ in range(3)] == [discovery.keys()] * 3
    assert issuer.asked.count("/jwks") == 2

    clock.now += 61
    discovery.keys(newer=True)
    assert issuer.asked.count("/jwks") == 3


@pytest.mark.parametrize(
    ("supported", "secret", "method"),
    [
        pytest.param(None, "s", "client_secret_basic", id="unsaid"),
        pytest.param(["client_secret_post"], "s", "client_secret_post", id="post"),
        pytest.param(
            ["client_secret_post", "client_secret_basic"], "s", "client_secret_basic", id="both"
        ),
        pytest.param(None, "", "none", id="public-client"),
    ],
)
def test_the_client_proves_itself_as_the_provider_wants(issuer, supported, secret, method):
    issuer.metadata = {"token_endpoint_auth_methods_supported": supported}
    discovery = Discovery(Provider("fake", issuer.url, "pbf", secret))

    with discovery.session(discovery.metadata()) as session:
        assert session.token_endpoint_auth_method == method
