"""The demo's people, in a runtime of its own or in a browser."""

from hashlib import sha256

from pbf.runtime import Runtime


def session_of(runtime: Runtime, person: str) -> str:
    """Start a session for a person of the demo, and return its id."""
    assert runtime.identity.demo
    cookie = runtime.identity.demo.start(person)
    assert cookie
    return sha256(cookie.encode()).hexdigest()
