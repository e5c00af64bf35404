"""Messages by Apprise: mail and chat services. It is loaded at the first message, in 0.3 s."""

import logging
from functools import cache
from typing import TYPE_CHECKING

from pbf.concurrency.deadline import deadline
from pbf.errors import InvalidChannel, NotDelivered
from pbf.redaction import redact
from pbf.rules.notifications.addresses import SERVICES, Service
from pbf.watch.notifications.markup import written_for
from pbf.watch.notifications.messages import Message
from pbf.watch.notifications.public_hosts import resolve

if TYPE_CHECKING:
    from apprise import NotifyBase

# In seconds, for each step, and for all answers to a message together.
CONNECT_TIMEOUT, READ_TIMEOUT, LONGEST_ANSWER = 5.0, 10.0, 30.0
LARGEST_ANSWER = 100_000  # in bytes
LONGEST_REASON = 200


def service_of(address: str) -> Service | None:
    """Return the service of an address; None if it is none of ours."""
    plugin = _parsed(address)
    return next((entry for entry in SERVICES.values() if _is_of(plugin, entry)), None)


def name_of(service: Service) -> str:
    """Return the name by which the settings call a service."""
    return next(name for name, entry in SERVICES.items() if entry is service)


def send(address: str, message: Message, *, product: str, allow_private: bool) -> None:
    """Send a message to an address of Apprise's; raise NotDelivered if it was not taken."""
    plugin, service = _parsed(address, product), service_of(address)
    if plugin is None or service is None:
        raise NotDelivered("The address cannot be used any more. Enter it again.")
    host = getattr(plugin, "host", "")
    # TLS with the certificate of the name keeps a name that leads elsewhere later from doing harm.
    if service.has_host and host:
        resolve(host, 443, allow_private=allow_private)
    _set_format(plugin, service)
    is_markdown = service.markup == "markdown"
    _deliver(plugin, written_for(service, message), product, is_markdown=is_markdown)


def send_mail(mail_url: str, recipient: str, message: Message, *, product: str) -> None:
    """Send a mail by the server of the settings; raise NotDelivered if it was not taken."""
    plugin = _parsed(mail_url, product)
    if plugin is None:
        raise NotDelivered("The mail server of the settings is not valid (PBF_MAIL_URL).")
    vars(plugin)["targets"] = [(False, recipient)]
    _deliver(plugin, message, product)


def checked(address: str) -> Service:
    """Return the service of an address that a person entered; raise InvalidChannel."""
    service = service_of(address)
    if service is None:
        titles = ", ".join(sorted(entry.title for entry in SERVICES.values()))
        raise InvalidChannel(
            f"This is not the address of a service that notifications support: {titles}."
        )
    return service


def _parsed(address: str, product: str = "") -> "NotifyBase | None":
    from apprise import Apprise, AppriseAsset

    # Without Apprise's own limit, which would send in its few threads and leave those that wait.
    asset = AppriseAsset(
        async_mode=False, service_timeout=0, app_id=product, app_desc=product, app_url=""
    )
    _silence()
    plugin = Apprise.instantiate(address, asset=asset)
    if plugin is None:
        return None
    # Whatever the address says: no redirect to another host, a valid certificate, our times, and no
    # template, which is a file here or at any address.
    plugin.redirects, plugin.verify_certificate = False, True
    plugin.socket_connect_timeout, plugin.socket_read_timeout = CONNECT_TIMEOUT, READ_TIMEOUT
    plugin.service_retry = 0
    vars(plugin)["template"] = ()
    return plugin


def _set_format(plugin: "NotifyBase", service: Service) -> None:
    """Have a message sent in the format that it is written in, whatever the address says."""
    from apprise import NotifyFormat

    vars(plugin).pop("notify_format", None)
    vars(plugin)["_format_override"] = None
    # Webex takes plain text, too, which it shows as it is.
    if plugin.notify_format == NotifyFormat.MARKDOWN and not service.markup:
        plugin.notify_format = NotifyFormat.TEXT


def _is_of(plugin: "NotifyBase | None", service: Service) -> bool:
    schemes = getattr(plugin, "secure_protocol", None) or ()
    names = {schemes} if isinstance(schemes, str) else set(schemes)
    is_encrypted = getattr(plugin, "secure", False) or not getattr(plugin, "protocol", None)
    return bool(names & service.schemes) and is_encrypted


def _deliver(
    plugin: "NotifyBase", message: Message, product: str, *, is_markdown: bool = False
) -> None:
    from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType

    sender = Apprise(asset=AppriseAsset(async_mode=False, app_id=product))
    sender.add(plugin)
    body_format = NotifyFormat.MARKDOWN if is_markdown else NotifyFormat.TEXT
    with deadline(LONGEST_ANSWER, largest=LARGEST_ANSWER):
        result = sender.notify(
            body=message.text,
            title=message.title,
            body_format=body_format,
            # Of another type, Opsgenie makes no alert, and PagerDuty one that wakes nobody.
            notify_type=NotifyType.WARNING,
        )
    with result:
        reasons = [str(entry.message) for entry in result.logs()]
    if not result:
        reason = redact(reasons[-1])[:LONGEST_REASON] if reasons else "it gave no reason"
        raise NotDelivered(f"The service did not take the message: {reason.rstrip('.')}.")


@cache
def _silence() -> None:
    """Keep Apprise's records, which may quote addresses, out of our log."""
    logger = logging.getLogger("apprise")
    logger.propagate = False
    logger.setLevel(logging.WARNING)
    logger.addHandler(logging.NullHandler())
