"""Keys that sign tokens, and a server that publishes them."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm


@cache
def private_key(kid: str) -> Any:
    """Return a key pair by its id, which begins with its kind: ec, rsa, small or ed."""
    if kid.startswith("rsa"):
        return rsa.generate_private_key(65537, 2048)
    if kid.startswith("small"):
        return rsa.generate_private_key(65537, 1024)
    return ed25519.Ed25519PrivateKey.generate() if kid.startswith("ed") else _ec()


def algorithm(kid: str) -> str:
    """Return the algorithm of a key."""
    return {"e": "ES256", "r": "RS256", "s": "RS256"}[kid[0]] if kid[:2] != "ed" else "EdDSA"


def jwk(kid: str) -> dict[str, Any]:
    """Return the public part of a key."""
    kinds = {"RS256": RSAAlgorithm, "EdDSA": OKPAlgorithm, "ES256": ECAlgorithm}
    public = private_key(kid).public_key()
    return {**kinds[algorithm(kid)].to_jwk(public, as_dict=True), "kid": kid, "use": "sig"}


def jwks(*kids: str) -> dict[str, Any]:
    """Return the public parts of keys."""
    return {"keys": [jwk(kid) for kid in kids]}


def pem(kid: str) -> bytes:
    """Return the public part of a key in PEM."""
    public = private_key(kid).public_key()
    return bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def sign(claims: dict[str, Any], key: str = "ec-1", **header: Any) -> str:
    """Return a token with claims, signed by a key."""
    return jwt.encode(claims, private_key(key), algorithm(key), headers={"kid": key, **header})


class KeyServer(ThreadingHTTPServer):
    """Answers each path with a content, and counts the requests; `status` makes it fail."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.contents: dict[str, bytes] = {}
        self.status = 200
        self.requests = 0

    @property
    def url(self) -> str:
        """The address, without a slash at its end."""
        return f"http://127.0.0.1:{self.server_port}"

    def publish(self, *kids: str) -> None:
        """Publish keys at /keys."""
        self.contents["/keys"] = json.dumps(jwks(*kids)).encode()


@contextmanager
def key_server() -> Iterator[KeyServer]:
    """Run a server until the block ends."""
    with KeyServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: KeyServer

    def do_GET(self) -> None:
        """Answer with the content of the path."""
        self.server.requests += 1
        content = self.server.contents.get(self.path)
        self.send_response(self.server.status if content is not None else 404)
        self.send_header("Location", "/keys")
        self.end_headers()
        self.wfile.write(content or b"")

    def log_message(self, *_args: Any) -> None:
        """Log nothing."""


def _ec() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())
