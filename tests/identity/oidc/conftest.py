"""A fake issuer, and sign-in with it."""

from collections.abc import Callable, Iterator
from secrets import token_hex
from urllib.parse import parse_qs, urlsplit

import pytest

from pbf.identity.oidc.flow import Finish, Oidc
from pbf.identity.oidc.providers import Provider
from pbf.identity.oidc.signed_state import StateSigner
from tests.support.fake_issuer import FakeIssuer, fake_issuer
from tests.support.oidc_provider import CLIENT_ID, CLIENT_SECRET

PUBLIC_URL = "https://data.vendor.example"


class Clock:
    """A clock that the test moves, in seconds."""

    def __init__(self) -> None:
        import time

        self.now = time.time()

    def __call__(self) -> float:
        return self.now


class SignInAt:
    """Sign-in with one issuer, whose answers the test changes on the way."""

    def __init__(self, issuer: FakeIssuer, clock: Clock, **options: object) -> None:
        self.issuer, self.clock = issuer, clock
        self.provider = Provider("fake", issuer.url, CLIENT_ID, CLIENT_SECRET, "Acme", **options)
        self.signer = StateSigner("a-key")
        self.oidc = Oidc(
            [self.provider], public_url=PUBLIC_URL, signer=self.signer, timeout=5, clock=clock
        )

    def start(self, next_page: str = "/connect?service=google_ads") -> dict[str, str]:
        """Start, and return the parameters that the provider gets, and the cookie."""
        started = self.oidc.start("fake", next_page)
        sent = {name: values[0] for name, values in parse_qs(urlsplit(started.url).query).items()}
        self.issuer.nonce = sent["nonce"]
        return {**sent, "cookie": started.cookie}

    def finish(self, code: str = "", **answer: str) -> Finish:
        """Start, and finish with the provider's answer."""
        sent = self.start()
        return self.oidc.finish(
            "fake", {"state": sent["state"], "code": code or token_hex(8), **answer}, sent["cookie"]
        )


@pytest.fixture
def issuer() -> Iterator[FakeIssuer]:
    with fake_issuer() as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sign_in_with(issuer: FakeIssuer, clock: Clock) -> Callable[..., SignInAt]:
    """Returns sign-in with the fake issuer, with options of the provider."""
    return lambda **options: SignInAt(issuer, clock, **options)


@pytest.fixture
def sign_in(sign_in_with: Callable[..., SignInAt]) -> SignInAt:
    return sign_in_with()
