"""Messages to services that read markup, written so that texts of others are shown as they are."""

import re
from dataclasses import replace

from pbf.rules.notifications.addresses import Service
from pbf.watch.notifications.messages import Message

# What every dialect of Markdown takes a backslash before.
PUNCTUATION = re.compile(r"[\\`*_{}\[\]()#+\-.!>~|]")
# Where mentions, channels, emoji, tags, entities, addresses and underlines begin, or links go on.
# Not every dialect takes a backslash before these; a zero-width space after them ends them all.
BEGINNINGS = re.compile(r"[<&@#~:;\]](?=\S)|^=", re.MULTILINE)
ZERO_WIDTH_SPACE = "\u200b"


def written_for(service: Service, message: Message) -> Message:
    """Return a message in the markup of a service: our links work, and all else is plain text."""
    if not service.markup:
        return message
    lines = (
        _link(service, line) if line in message.links else _plain(service, line)
        for line in message.text.split("\n")
    )
    return replace(message, title=_plain(service, message.title), text="\n".join(lines))


def _plain(service: Service, text: str) -> str:
    if service.markup == "markdown":
        text = _escaped(text)
    return BEGINNINGS.sub(rf"\g<0>{ZERO_WIDTH_SPACE}", text)


def _link(service: Service, url: str) -> str:
    return url if service.has_bare_links else f"[{_escaped(url)}]({url})"


def _escaped(text: str) -> str:
    return PUNCTUATION.sub(r"\\\g<0>", text)
