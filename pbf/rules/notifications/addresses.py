"""Which services notifications can use, and how an address is shown without its secrets."""

import re
from dataclasses import dataclass

MAIL, WEBHOOK = "mail", "webhook"
EMAIL = re.compile(r"[^\s@<>,;:\"'()\[\]\\%?&/]{1,64}@[A-Za-z0-9.-]{1,190}\.[A-Za-z0-9-]{2,60}")
LONGEST_ADDRESS = 2000


@dataclass(frozen=True)
class Service:
    """A service that takes messages.

    `schemes` are those of Apprise that encrypt. `has_host` tells whether the address names the
    server, so that it could be any.
    """

    title: str
    schemes: frozenset[str]
    example: str
    has_host: bool = False


SERVICES = {
    "slack": Service("Slack", frozenset({"slack"}), "https://hooks.slack.com/services/…"),
    "teams": Service(
        "Microsoft Teams",
        frozenset({"workflow", "workflows"}),
        "the https address of a Workflows webhook",
        has_host=True,
    ),
    "discord": Service("Discord", frozenset({"discord"}), "https://discord.com/api/webhooks/…"),
    "google_chat": Service("Google Chat", frozenset({"gchat"}), "gchat://SPACE/KEY/TOKEN"),
    "webex": Service("Webex", frozenset({"wxteams", "webex"}), "wxteams://TOKEN"),
    "telegram": Service("Telegram", frozenset({"tgram"}), "tgram://BOT_TOKEN/CHAT_ID"),
    "pushover": Service("Pushover", frozenset({"pover"}), "pover://USER_KEY@TOKEN"),
    "pagerduty": Service("PagerDuty", frozenset({"pagerduty"}), "pagerduty://KEY@SOURCE"),
    "opsgenie": Service("Opsgenie", frozenset({"opsgenie"}), "opsgenie://API_KEY"),
    "mattermost": Service(
        "Mattermost", frozenset({"mmosts"}), "mmosts://HOST/TOKEN", has_host=True
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
