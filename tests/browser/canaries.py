"""Canaries: secrets that are known again wherever they stand, and the search for them."""

import json
import re
import time
from base64 import b64encode, urlsafe_b64decode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from urllib.parse import quote

# A Connect Card's token; and of what we sign ourselves the time and the signature.
TOKEN = rb"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+"
SIGNED_LINK = rb"\.[\w-]{6}\.[\w-]{43}(?![\w-])"
LATELY = 7 * 24 * 3600
AROUND = 60


@dataclass(frozen=True)
class Place:
    """Something that was written, sent or shown, and where."""

    where: str
    content: bytes


@dataclass
class Permit:
    """A secret that must be in a place, and nowhere else: both as regular expressions."""

    where: str
    what: bytes
    used: int = field(default=0, compare=False)

    def lift(self, place: Place) -> Place:
        """Return the place without what may be there."""
        if not re.fullmatch(self.where, place.where):
            return place
        content, number = re.subn(self.what, b"", place.content)
        self.used += number
        return Place(place.where, content)


def forms(secret: str) -> frozenset[bytes]:
    """Return a secret as it may be written: plain, escaped, in hex, anywhere in base64."""
    plain = secret.encode()
    written = {plain, quote(secret, safe="").encode(), escape(secret).encode()}
    written |= {plain.hex().encode(), json.dumps(secret)[1:-1].encode()}
    for before in range(3):
        encoded = b64encode(b"\0" * before + plain)
        # What other bytes around it have no part in.
        inner = encoded[-(-8 * before // 6) : 8 * (before + len(plain)) // 6]
        written |= {inner, inner.replace(b"+", b"-").replace(b"/", b"_")}
    return frozenset(written)


def found(
    places: Iterable[Place], canaries: Mapping[str, str], permits: Sequence[Permit] = ()
) -> list[str]:
    """Return in which place which canary, token or signed link stands without a permit."""
    wanted = {kind: forms(secret) for kind, secret in canaries.items()}
    leaks = []
    for place in dict.fromkeys(places):
        left = place
        for permit in permits:
            left = permit.lift(left)
        leaks += [f"{place.where} holds {kind}: {text!r}" for kind, text in _held(left, wanted)]
    return leaks


def _held(place: Place, wanted: Mapping[str, frozenset[bytes]]) -> Iterator[tuple[str, bytes]]:
    content = place.content
    for kind, written in wanted.items():
        for form in written:
            if (at := content.find(form)) >= 0:
                yield kind, content[max(0, at - AROUND) : at + AROUND]
                break
    for token in re.findall(TOKEN, content):
        yield "a Connect Card's token", token
    for signed_link in re.findall(SIGNED_LINK, content):
        if _is_ours(signed_link):
            yield "a signed link", signed_link


def _is_ours(signed_link: bytes) -> bool:
    """Whether it begins with a time of these days; a script may hold two words so long."""
    made = int.from_bytes(urlsafe_b64decode(signed_link.split(b".")[1] + b"=="))
    return abs(time.time() - made) < LATELY
