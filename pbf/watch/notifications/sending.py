"""Sending one message to one channel, whatever its kind."""

from collections.abc import Callable
from dataclasses import dataclass
from re import split
from urllib.parse import urlsplit

from pbf.clock import current_time
from pbf.errors import InvalidChannel, NotDelivered
from pbf.redaction import hide_passing
from pbf.rules.notifications.addresses import (
    ALL,
    LONGEST_ADDRESS,
    MAIL,
    WEBHOOK,
    is_email,
)
from pbf.store.watch.tables import Channel
from pbf.visible_text import is_one_line
from pbf.watch.notifications import webhooks
from pbf.watch.notifications.messages import Message

# A shorter piece of an address is no secret; without a digit, it may be a long word.
SHORTEST_SECRET, SHORTEST_WORD = 8, 20
MOST_PIECES = 5
NOT_ALLOWED = "Notifications by {name} are switched off here (PBF_NOTIFY)."


@dataclass(frozen=True)
class Sender:
    """Sends messages as the settings allow.

    `allowed` are the services that may be used; empty for all. `mail_url` is the mail server.
    """

    mail_url: str | None = None
    allowed: tuple[str, ...] = ()
    allow_private: bool = False
    product: str = "Data connections"
    clock: Callable[[], float] = current_time

    @property
    def services(self) -> tuple[str, ...]:
        """The names of the services that can be used."""
        allowed = self.allowed or ALL
        return tuple(name for name in ALL if name in allowed and (name != MAIL or self.mail_url))

    def check(self, kind: str, address: str) -> None:
        """Raise InvalidChannel if an address that somebody enters cannot be used."""
        if not address or len(address) > LONGEST_ADDRESS or not is_one_line(address):
            raise InvalidChannel("Enter an address.")
        hide_address(address)
        if kind == MAIL:
            if not is_email(address):
                raise InvalidChannel("Enter one e-mail address, such as ada@example.com.")
            self._require(MAIL)
        elif kind == WEBHOOK:
            self._check_webhook(address)
        else:
            from pbf.watch.notifications import apprise_messages

            self._require(apprise_messages.name_of(apprise_messages.checked(address)))

    def send(self, channel: Channel, message: Message) -> None:
        """Send a message; raise NotDelivered if the channel does not take it."""
        hide_address(channel.address, channel.secret)
        try:
            self.check(channel.kind, channel.address)
        except InvalidChannel as exc:
            raise NotDelivered(str(exc)) from exc
        if channel.kind == WEBHOOK:
            webhooks.post(
                channel.address,
                channel.secret,
                message_id=message.id,
                timestamp=int(self.clock()),
                body=message.body,
                allow_private=self.allow_private,
            )
            return
        from pbf.watch.notifications import apprise_messages

        if channel.kind == MAIL:
            url = self.mail_url or ""
            apprise_messages.send_mail(url, channel.address, message, product=self.product)
        else:
            apprise_messages.send(
                channel.address, message, product=self.product, allow_private=self.allow_private
            )

    def _check_webhook(self, address: str) -> None:
        self._require(WEBHOOK)
        try:
            parts = urlsplit(address)
            is_valid = bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
        except ValueError:
            is_valid = False
        schemes = ("https", "http") if self.allow_private else ("https",)
        if not is_valid or parts.scheme not in schemes or not address.isascii() or " " in address:
            raise InvalidChannel(
                "Enter the address of your system: a URL that starts with https://."
            )

    def _require(self, name: str) -> None:
        if name not in self.services:
            if name == MAIL and (not self.allowed or MAIL in self.allowed):
                raise InvalidChannel(
                    "No mail server is set up. Ask the operators to set PBF_MAIL_URL."
                )
            raise InvalidChannel(NOT_ALLOWED.format(name=name))


def hide_address(address: str, secret: str = "") -> None:
    """Have an address redacted in logs, whole and in the pieces that may be secrets."""
    scheme, _, rest = address.partition("://")
    pieces = split(r"[/?&=@:]+", rest)
    # The host of a URL is no secret.
    secrets = filter(_may_be_secret, pieces[1:] if scheme in ("http", "https") else pieces)
    longest = sorted(secrets, key=len, reverse=True)[:MOST_PIECES]
    hide_passing(address, secret, secret.removeprefix(webhooks.PREFIX), *longest)


def _may_be_secret(piece: str) -> bool:
    has_digit = any(letter.isdigit() for letter in piece)
    return len(piece) >= (SHORTEST_SECRET if has_digit else SHORTEST_WORD)
