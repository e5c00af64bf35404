"""The kinds of abuse: each is a function that builds a random request."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from urllib.parse import quote

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789_-.~"
JSON = ("Content-Type", "application/json")
# The headers that a page of another site sends.
FOREIGN = (("Origin", "http://evil.example"), ("Sec-Fetch-Site", "cross-site"))


@dataclass(frozen=True)
class Targets:
    """Ids of connectors, and paths of Streamlit's scripts."""

    connectors: list[str]
    scripts: list[str]


@dataclass(frozen=True)
class Abuse:
    """One request; `closes` if the connection cannot be reused after it."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    host: str | None = None
    closes: bool = False


def word(random: Random, length: int) -> str:
    """Return a random text of some length."""
    return "".join(random.choices(LETTERS, k=length))


def static_spelling(random: Random, targets: Targets) -> Abuse:
    """Request a static file under one of its countless equivalent paths."""
    prefix = "".join(random.choices(["/.", "/"], k=random.randint(1, 40)))
    script = random.choice(targets.scripts).removeprefix("/static")
    return Abuse("GET", f"/static{prefix}{script}", (("Accept-Encoding", "identity"),))


def unknown_id(random: Random, _targets: Targets) -> Abuse:
    """Act on a connector that does not exist."""
    method, suffix = random.choice(
        [("GET", ""), ("DELETE", ""), ("POST", "/restore"), ("POST", "/sync"), ("GET", "/form")]
    )
    return Abuse(method, f"/_/connectors/{word(random, 12)}{suffix}")


def long_id(random: Random, _targets: Targets) -> Abuse:
    """Request an id that is as long as a path may be."""
    return Abuse("GET", f"/_/connectors/{'eyJ' * random.randint(70, 15_000)}", closes=True)


def odd_host(random: Random, _targets: Targets) -> Abuse:
    """Send a Host header that is not ours, or that is invalid."""
    host = random.choice(
        [f"{word(random, 9)}.example", "a b", "[::1", "127.0.0.1:99999", "é", "evil.example:80", ""]
    )
    path = random.choice(["/", "/_/services", "/_/connectors", "/sandbox/", "/_stcore/health"])
    return Abuse("GET", path, host=quote(host, safe=" :[]."))


def forged_address(random: Random, _targets: Targets) -> Abuse:
    """Claim another client address for each attempt to create."""
    body = json.dumps({"service": "google_sheets", "name": ""}).encode()
    address = ".".join(str(random.randint(1, 254)) for _ in range(4))
    headers = (JSON, ("X-Forwarded-For", address), ("Idempotency-Key", word(random, 20)))
    return Abuse("POST", "/_/connectors", headers, body)


def nested_json(random: Random, _targets: Targets) -> Abuse:
    """Send JSON that is nested, truncated, or not text."""
    depth = random.randint(100, 30_000)
    body = random.choice([b"[" * depth, b'{"a":' * depth, b"\xff\xfe" * depth, b'{"name": 1e999}'])
    return Abuse("POST", "/_/connectors", (JSON,), body, closes=True)


def many_searches(random: Random, _targets: Targets) -> Abuse:
    """Search for a different, long text each time."""
    query = word(random, random.choice([3, 30, 3000]))
    return Abuse("GET", f"/_/connectors?q={query}&status={word(random, 3)}")


def foreign_card(random: Random, targets: Targets) -> Abuse:
    """Request a Connect Card from a page of another site."""
    return Abuse("GET", f"/_/connectors/{random.choice(targets.connectors)}/form", FOREIGN)


def foreign_write(random: Random, targets: Targets) -> Abuse:
    """Delete a connector from a page of another site."""
    return Abuse("DELETE", f"/_/connectors/{random.choice(targets.connectors)}", FOREIGN)


def forged_link(random: Random, _targets: Targets) -> Abuse:
    """Follow a link that we did not sign."""
    start = random.choice(["/_/go/", "/_/invite/", "/_/return?state=", "/_/invited?state="])
    return Abuse("GET", start + word(random, random.choice([10, 200, 5000])))


def upload(random: Random, _targets: Targets) -> Abuse:
    """Upload a file to Streamlit."""
    path = f"/_stcore/upload_file/{word(random, 8)}/{word(random, 8)}"
    kind = ("Content-Type", "multipart/form-data; boundary=x")
    body = b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n' + b"0" * 50_000
    return Abuse("PUT", path, (kind,), body + b"\r\n--x--\r\n", closes=True)


def odd_path(random: Random, _targets: Targets) -> Abuse:
    """Request a path or use a method that does not exist."""
    path = random.choice(["/%00", "/_", "/sandbox", "/_/%ff%fe", f"/{word(random, 9)}", "/_/..%2f"])
    return Abuse(random.choice(["GET", "HEAD", "OPTIONS", "TRACE", "PUT"]), path)


KINDS: Mapping[str, Callable[[Random, Targets], Abuse]] = {
    kind.__name__.replace("_", " "): kind
    for kind in (
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
