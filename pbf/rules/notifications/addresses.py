"""Which services notifications can use, and how an address is shown without its secrets."""

import re
from dataclasses import dataclass
from typing import Literal

MAIL, WEBHOOK = "mail", "webhook"
EMAIL = re.compile(r"[^\s@<>,;:\"'()\[\]\\%?&/]{1,64}@[A-Za-z0-9.-]{1,190}\.[A-Za-z0-9-]{2,60}")
LONGEST_ADDRESS = 2000


@dataclass(frozen=True)
class Service:
    """A service that takes messages.

    `schemes` are those of Apprise that encrypt. `has_host` tells whether the address names the
    server, so that it could be any. `markup` is what it reads in a text as Apprise passes it on;
    empty if that is shown as it is. `has_bare_links` tells whether an address in a text becomes a
    link there; elsewhere a link is written in Markdown.
    """

    title: str
    schemes: frozenset[str]
    example: str
    has_host: bool = False
    markup: Literal["", "markdown", "html"] = ""
    has_bare_links: bool = True


SERVICES = {
    "slack": Service("Slack", frozenset({"slack"}), "https://hooks.slack.com/services/…"),
    "teams": Service(
        "Microsoft Teams",
        frozenset({"workflow", "workflows"}),
        "the https address of a Workflows webhook",
        has_host=True,
        markup="markdown",
        has_bare_links=False,
    ),
    "discord": Service(
        "Discord",
        frozenset({"discord"}),
        "https://discord.com/api/webhooks/…",
        markup="markdown",
    ),
    "google_chat": Service(
        "Google Chat",
        frozenset({"gchat"}),
        "gchat://SPACE/KEY/TOKEN",
        markup="markdown",
        has_bare_links=False,
    ),
    "webex": Service("Webex", frozenset({"wxteams", "webex"}), "wxteams://TOKEN"),
    "telegram": Service("Telegram", frozenset({"tgram"}), "tgram://BOT_TOKEN/CHAT_ID"),
    "pushover": Service("Pushover", frozenset({"pover"}), "pover://USER_KEY@TOKEN"),
    "pagerduty": Service("PagerDuty", frozenset({"pagerduty"}), "pagerduty://KEY@SOURCE"),
    "opsgenie": Service("Opsgenie", frozenset({"opsgenie"}), "opsgenie://API_KEY", markup="html"),
    "mattermost": Service(
        "Mattermost",
        frozenset({"mmosts"}),
        "mmosts://HOST/TOKEN",
        has_host=True,
        markup="markdown",
    ),
    "ntfy": Service("ntfy", frozenset({"ntfys"}), "ntfys://TOPIC", has_host=True),
}
ALL = (MAIL, *SERVICES, WEBHOOK)


def is_email(text: str) -> bool:
    """Return whether a text is one e-mail address."""
    return EMAIL.fullmatch(text) is not None


def masked(kind: str, address: str) -> str:
    """Return an address without what is secret about it."""
    if kind == MAIL:
        name, _, host = address.rpartition("@")
        return f"{name[:1]}***@{host}"
    scheme, _, rest = address.partition("://")
    if kind == WEBHOOK:
        host = re.split(r"[/?#]", rest)[0].rpartition("@")[2]
        return f"{scheme}://{host}/***"
    return f"{scheme}://***"
