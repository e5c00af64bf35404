"""The state of a sign-in, which travels in a signed cookie to the provider and back.

Any process can so finish what another one started, but no other browser can.
"""

import hashlib
import hmac
import secrets
from dataclasses import asdict, dataclass, field

from itsdangerous import BadData, SignatureExpired, URLSafeTimedSerializer

from pbf.errors import SignInExpired, UnknownSignIn
from pbf.signed_links import SharedTimeSigner

# Seconds between the start of sign-in and its end.
STATE_LIFETIME = 10 * 60
LONGEST_COOKIE = 4_096


@dataclass(frozen=True)
class State:
    """What a sign-in has to remember on its way to the provider and back."""

    provider: str
    next: str
    state: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)

    def belongs_to(self, provider: str, state: str) -> bool:
        """Return whether a provider's answer with this `state` answers this sign-in."""
        is_same = hmac.compare_digest(self.state.encode(), state.encode())
        return is_same and self.provider == provider


class StateSigner:
    """Signs the state that the browser keeps in a cookie."""

    def __init__(self, key: str, *older: str) -> None:
        """Sign with a key that all processes share; signatures of older keys are accepted, too."""
        options = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}
        # itsdangerous signs with the last of its keys.
        self._serializer = URLSafeTimedSerializer(
            [*reversed(older), key],
            salt="sign-in",
            signer=SharedTimeSigner,
            signer_kwargs=options,
        )

    def sign(self, state: State) -> str:
        """Return the value of the cookie."""
        return str(self._serializer.dumps(asdict(state)))

    def read(self, cookie: str) -> State:
        """Return a signed state; raise SignInExpired or UnknownSignIn if it is not valid."""
        if len(cookie) > LONGEST_COOKIE:
            raise unknown_sign_in()
        try:
            return State(**self._serializer.loads(cookie, max_age=STATE_LIFETIME))
        except SignatureExpired:
            raise SignInExpired("Sign-in took longer than 10 minutes. Start again.") from None
        except (BadData, UnicodeError, TypeError):
            raise unknown_sign_in() from None

    def next_page(self, cookie: str) -> str:
        """Return the page that a sign-in was for, even of one that has expired; else `/`."""
        try:
            return str(self._serializer.loads(cookie[:LONGEST_COOKIE])["next"])
        except (BadData, UnicodeError, TypeError, KeyError):
            return "/"


def unknown_sign_in() -> UnknownSignIn:
    """Return the error of an answer that belongs to no sign-in of this browser."""
    return UnknownSignIn(
        "This sign-in was not started in this browser, or it has ended already. Start again. Your "
        "browser has to accept cookies of this site."
    )
