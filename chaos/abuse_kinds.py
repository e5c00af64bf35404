"""The kinds of abuse: each makes a request from a source of chance and its targets."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from urllib.parse import quote

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789_-.~"
JSON = ("Content-Type", "application/json")
# What a page of another site sends along.
FOREIGN = (("Origin", "http://evil.example"), ("Sec-Fetch-Site", "cross-site"))


@dataclass(frozen=True)
class Targets:
    """What there is to abuse: ids of connectors, and the paths of Streamlit's scripts."""

    connectors: list[str]
    scripts: list[str]


@dataclass(frozen=True)
class Abuse:
    """One request; `closes` for one after which the connection is of no use."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    host: str | None = None
    closes: bool = False


def word(chance: Random, length: int) -> str:
    """Return a text of so many letters."""
    return "".join(chance.choices(LETTERS, k=length))


def static_spelling(chance: Random, targets: Targets) -> Abuse:
    """Spell the path of a static file in one of endless ways."""
    detour = "".join(chance.choices(["/.", "/"], k=chance.randint(1, 40)))
    script = chance.choice(targets.scripts).removeprefix("/static")
    return Abuse("GET", f"/static{detour}{script}", (("Accept-Encoding", "identity"),))


def unknown_id(chance: Random, _targets: Targets) -> Abuse:
    """Act on a connector that does not exist."""
    method, end = chance.choice(
        [("GET", ""), ("DELETE", ""), ("POST", "/restore"), ("POST", "/sync"), ("GET", "/form")]
    )
    return Abuse(method, f"/_/connectors/{word(chance, 12)}{end}")


def long_id(chance: Random, _targets: Targets) -> Abuse:
    """Ask for an id that is as long as a path may be."""
    return Abuse("GET", f"/_/connectors/{'eyJ' * chance.randint(70, 15_000)}", closes=True)


def odd_host(chance: Random, _targets: Targets) -> Abuse:
    """Call us by a name that is not ours, or that is none."""
    host = chance.choice(
        [f"{word(chance, 9)}.example", "a b", "[::1", "127.0.0.1:99999", "é", "evil.example:80", ""]
    )
    path = chance.choice(["/", "/_/services", "/_/connectors", "/sandbox/", "/_stcore/health"])
    return Abuse("GET", path, host=quote(host, safe=" :[]."))


def forged_address(chance: Random, _targets: Targets) -> Abuse:
    """Claim another address for each attempt to create."""
    body = json.dumps({"service": "google_sheets", "name": ""}).encode()
    address = ".".join(str(chance.randint(1, 254)) for _ in range(4))
    headers = (JSON, ("X-Forwarded-For", address), ("Idempotency-Key", word(chance, 20)))
    return Abuse("POST", "/_/connectors", headers, body)


def nested_json(chance: Random, _targets: Targets) -> Abuse:
    """Send JSON that is nested, cut off, or no text."""
    depth = chance.randint(100, 30_000)
    body = chance.choice([b"[" * depth, b'{"a":' * depth, b"\xff\xfe" * depth, b'{"name": 1e999}'])
    return Abuse("POST", "/_/connectors", (JSON,), body, closes=True)


def many_searches(chance: Random, _targets: Targets) -> Abuse:
    """Search for something else each time, at length."""
    typed = word(chance, chance.choice([3, 30, 3000]))
    return Abuse("GET", f"/_/connectors?q={typed}&status={word(chance, 3)}")


def foreign_card(chance: Random, targets: Targets) -> Abuse:
    """Have a page of another site make a Connect Card."""
    return Abuse("GET", f"/_/connectors/{chance.choice(targets.connectors)}/form", FOREIGN)


def foreign_write(chance: Random, targets: Targets) -> Abuse:
    """Have a page of another site delete a connector."""
    return Abuse("DELETE", f"/_/connectors/{chance.choice(targets.connectors)}", FOREIGN)


def forged_link(chance: Random, _targets: Targets) -> Abuse:
    """Follow a link that we never signed."""
    start = chance.choice(["/_/go/", "/_/invite/", "/_/return?state=", "/_/invited?state="])
    return Abuse("GET", start + word(chance, chance.choice([10, 200, 5000])))


def upload(chance: Random, _targets: Targets) -> Abuse:
    """Upload a file to Streamlit."""
    path = f"/_stcore/upload_file/{word(chance, 8)}/{word(chance, 8)}"
    kind = ("Content-Type", "multipart/form-data; boundary=x")
    body = b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n' + b"0" * 50_000
    return Abuse("PUT", path, (kind,), body + b"\r\n--x--\r\n", closes=True)


def odd_path(chance: Random, _targets: Targets) -> Abuse:
    """Ask for a path, or by a method, that nobody has."""
    path = chance.choice(["/%00", "/_", "/sandbox", "/_/%ff%fe", f"/{word(chance, 9)}", "/_/..%2f"])
    return Abuse(chance.choice(["GET", "HEAD", "OPTIONS", "TRACE", "PUT"]), path)


KINDS: Mapping[str, Callable[[Random, Targets], Abuse]] = {
    made.__name__.replace("_", " "): made
    for made in (
        static_spelling,
        unknown_id,
        long_id,
        odd_host,
        forged_address,
        nested_json,
        many_searches,
        foreign_card,
        foreign_write,
        forged_link,
        upload,
        odd_path,
    )
}
