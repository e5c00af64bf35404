"""Keys of others: where they may come from, how often they are read, and which are used."""

import json
import logging
from pathlib import Path

import pytest

from pbf.errors import ConfigurationError, ProviderUnavailable
from pbf.identity.external.keys import KeySet, PemKeys
from tests.support.clock import Clock
from tests.support.signing import jwk, jwks, key_server, pem, private_key
from tests.support.slow_server import slow_server


@pytest.fixture
def server():
    with key_server() as server:
        server.publish("ec-1")
        yield server


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(server, clock) -> KeySet:
    return KeySet(f"{server.url}/keys", clock=clock)


def test_keys_are_read_once_and_again_after_ten_minutes(keys, server, clock):
    for _ in range(5):
        assert keys.key_for("ec-1").key_id == "ec-1"
    clock.advance(599)
    assert keys.key_for("ec-1")
    requests = server.requests
    clock.advance(1)
    server.publish("ec-2")

    assert keys.key_for("ec-1") is None
    assert (requests, server.requests) == (1, 2)


def test_an_unknown_key_is_looked_for_once_a_minute(keys, server, clock):
    assert keys.key_for("ec-1")
    server.publish("ec-1", "ec-2")
    assert keys.key_for("ec-2") is None

    clock.advance(60)
    assert keys.key_for("ec-2").key_id == "ec-2"
    for _ in range(50):
        clock.advance(1)
        assert keys.key_for("nonesuch") is None

    assert server.requests == 2


def test_keys_stay_valid_while_they_cannot_be_read(keys, server, clock, caplog):
    assert keys.key_for("ec-1")
    server.status = 500
    clock.advance(3_600)

    with caplog.at_level(logging.WARNING):
        key = keys.key_for("ec-1")

    assert key
    assert f"{server.url}/keys were not read" in caplog.text


def test_without_keys_sign_in_fails_with_a_sentence_and_recovers(keys, server, clock):
    server.status = 500
    for _ in range(3):
        with pytest.raises(ProviderUnavailable, match="Try again in a minute"):
            keys.key_for("ec-1")
    assert server.requests == 1

    server.status = 200
    clock.advance(60)

    assert keys.key_for("ec-1")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"keys": 1}',
        b'{"keys": [1, {}]}',
        b"\xff",
        b"[" * 100_000,
        b"1" * 9_999,
    ],
    ids=lambda content: repr(content[:12]),
)
def test_what_is_no_jwks_is_not_used(keys, server, content):
    server.contents["/keys"] = content

    with pytest.raises(ProviderUnavailable):
        keys.key_for("ec-1")


def test_a_document_that_is_too_long_is_not_used(keys, server):
    server.contents["/keys"] += b" " * 1_000_000

    with pytest.raises(ProviderUnavailable):
        keys.key_for("ec-1")


@pytest.mark.parametrize(
    "beginning", [b"HTTP/1.1 ", b"HTTP/1.1 200 OK\r\n\r\n"], ids=["head", "body"]
)
def test_keys_that_arrive_byte_by_byte_are_not_waited_for(beginning):
    with slow_server(beginning) as server:
        with pytest.raises(ProviderUnavailable):
            KeySet(f"{server.url}/keys", timeout=0.2).key_for("ec-1")
        assert server.is_abandoned()

        assert PemKeys(server.url, timeout=0.2).key_for("ec-1") is None
        assert server.is_abandoned()


def test_redirects_are_not_followed(server, clock):
    server.contents["/other"] = b""
    server.status = 302

    with pytest.raises(ProviderUnavailable):
        KeySet(f"{server.url}/other", clock=clock).key_for("ec-1")

    assert server.requests == 1


def test_only_public_keys_for_signatures_are_used(tmp_path: Path):
    private = {**jwk("ec-1"), "d": "AAAA", "kid": "private"}
    shared = {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQ", "kid": "shared"}
    hmac = {**jwk("rsa-1"), "alg": "HS256", "kid": "hmac"}
    encryption = {**jwk("rsa-1"), "use": "enc", "kid": "encryption"}
    nameless = {name: value for name, value in jwk("ec-1").items() if name != "kid"}
    broken = {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "broken"}
    good = [jwk("rsa-1"), jwk("ed-1"), jwk("ec-1")]
    file = tmp_path / "keys.json"
    bad = [private, shared, hmac, encryption, nameless, broken]
    file.write_text(json.dumps({"keys": [*bad, *good]}))
    keys = KeySet(str(file))

    assert [keys.key_for(kid) and kid for kid in ("rsa-1", "ed-1", "ec-1")] == [
        "rsa-1",
        "ed-1",
        "ec-1",
    ]
    for kid in ("private", "shared", "hmac", "encryption", "broken", ""):
        assert keys.key_for(kid) is None


@pytest.mark.parametrize(
    "source",
    [
        "http://keys.example/jwks",
        "ftp://a.example/k",
        "file:///etc/passwd",
        "https://",
        "/nonesuch",
    ],
)
def test_keys_come_from_a_file_or_over_https(source):
    with pytest.raises(ConfigurationError):
        KeySet(source)


def test_a_secret_in_the_address_is_not_logged(server, caplog):
    url = f"{server.url.replace('//', '//me:hunter2@')}/none?key=hunter3"

    with caplog.at_level(logging.WARNING), pytest.raises(ProviderUnavailable):
        KeySet(url).key_for("ec-1")

    assert "/none" in caplog.text
    assert "hunter" not in caplog.text


def test_a_load_balancers_keys_are_read_one_by_one(server, clock):
    server.contents["/ec-1"] = pem("ec-1")
    keys = PemKeys(server.url, clock=clock)

    assert (
        keys.key_for("ec-1").key.public_numbers()
        == private_key("ec-1").public_key().public_numbers()
    )
    assert keys.key_for("ec-1")
    assert server.requests == 1
    for _ in range(10):
        assert keys.key_for("ec-2") is None
    assert server.requests == 2
    clock.advance(60)
    server.contents["/ec-2"] = pem("ec-2")
    assert keys.key_for("ec-2")


def test_of_many_load_balancers_the_last_keys_are_kept(server, clock, monkeypatch):
    monkeypatch.setattr("pbf.identity.external.keys.MOST_KEYS", 2)
    keys = PemKeys(server.url, clock=clock)

    for number in range(5):
        server.contents[f"/k{number}"] = pem("ec-1")
        assert keys.key_for(f"k{number}")

    assert list(keys._keys) == ["k3", "k4"]


@pytest.mark.parametrize("kid", ["../secret", "a/b", "", "a?b", "é", "x" * 101])
def test_the_id_of_a_load_balancers_key_cannot_change_the_address(server, kid):
    assert PemKeys(server.url).key_for(kid) is None
    assert server.requests == 0


def test_what_is_no_key_of_a_load_balancer_is_not_used(server):
    server.contents["/a"] = json.dumps(jwks("ec-1")).encode()
    server.contents["/b"] = pem("rsa-1")

    assert PemKeys(server.url).key_for("a") is None
    assert PemKeys(server.url).key_for("b") is None
