"""An OpenID Connect issuer that signs whatever a test wants, also what no real provider would."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from threading import Thread
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from flask import Flask, Response, jsonify, redirect, request
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.support.oidc_provider import CLIENT_ID

USERINFO = {"sub": "u1", "email": "ada@acme.example", "email_verified": True, "groups": ["staff"]}


class After(int):
    """A time in a claim: so many seconds after the token is signed."""


class QuietHandler(WSGIRequestHandler):
    """Handles requests without a line in the output for each."""

    def log(self, type: str, message: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def served(app: Callable[..., Any]) -> Iterator[str]:
    """Serve a WSGI app on a port of its own until the block ends, and yield its URL."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=QuietHandler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class FakeIssuer:
    """The state of the issuer, which tests change; `asked` are the paths that were requested.

    `nonce` is that of the last sign-in, for which `make_token` returns the ID token.
    """

    def __init__(self) -> None:
        """Begin as an issuer without a fault."""
        self.url = ""
        self.keys: dict[str, Any] = {"one": _first_key()}
        self.metadata: dict[str, Any] = {}
        self.claims: dict[str, Any] = {}
        self.userinfo: dict[str, Any] = dict(USERINFO)
        self.nonce = ""
        self.make_token: Callable[[str], str] | None = None
        self.status = 200
        self.elsewhere = ""
        self.asked: list[str] = []
        self.form: dict[str, str] = {}
        self.used_codes: set[str] = set()

    def sign(self, claims: dict[str, Any], *, kid: str = "one", algorithm: str = "RS256") -> str:
        """Return a signed token with these claims; None leaves a claim out."""
        now = int(time.time())
        usual = {"iss": self.url, "aud": CLIENT_ID, "sub": "u1", "iat": now, "exp": now + 300}
        present = {
            key: now + value if isinstance(value, After) else value
            for key, value in {**usual, **claims}.items()
            if value is not None
        }
        return jwt.encode(present, self.keys[kid], algorithm=algorithm, headers={"kid": kid})

    def add_key(self, kid: str, kind: str) -> None:
        """Publish another key: EC, OKP or RSA."""
        if kind == "EC":
            self.keys[kid] = ec.generate_private_key(ec.SECP256R1())
        elif kind == "OKP":
            self.keys[kid] = ed25519.Ed25519PrivateKey.generate()
        else:
            self.keys[kid] = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def jwks(self) -> dict[str, Any]:
        """Return the public keys."""
        return {"keys": [_public(kid, key) for kid, key in self.keys.items()]}

    def app(self) -> Flask:
        """Return the Flask app of the issuer."""
        app = Flask(__name__)
        app.before_request(self._before)
        app.add_url_rule("/.well-known/openid-configuration", "discovery", self._discovery)
        app.add_url_rule("/jwks", "jwks", lambda: jsonify(self.jwks()))
        app.add_url_rule("/token", "token", self._token, methods=["POST"])
        app.add_url_rule("/userinfo", "userinfo", lambda: jsonify(self.userinfo))
        return app

    def _before(self) -> Response | Any | None:
        self.asked.append(request.path)
        if self.elsewhere:
            return redirect(f"{self.elsewhere}{request.path}", 307)
        return None if self.status == 200 else Response(status=self.status)

    def _discovery(self) -> Response:
        endpoints = {
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "jwks_uri": f"{self.url}/jwks",
        }
        return jsonify({"issuer": self.url, **endpoints, **self.metadata})

    def _token(self) -> tuple[Response, int] | Response:
        self.form = request.form.to_dict()
        code = self.form["code"]
        if code in self.used_codes:
            return jsonify(error="invalid_grant"), 400
        self.used_codes.add(code)
        make = self.make_token or (lambda nonce: self.sign({"nonce": nonce, **self.claims}))
        token = make(self.nonce)
        return jsonify(access_token="an-access-token", token_type="Bearer", id_token=token)


@contextmanager
def fake_issuer() -> Iterator[FakeIssuer]:
    """Run the issuer until the block ends."""
    issuer = FakeIssuer()
    with served(issuer.app()) as url:
        issuer.url = url
        yield issuer


@cache
def _first_key() -> rsa.RSAPrivateKey:
    """Return a key that all issuers share, since making one takes a tenth of a second."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _public(kid: str, key: Any) -> dict[str, Any]:
    algorithms: dict[type, Any] = {
        rsa.RSAPrivateKey: RSAAlgorithm,
        ec.EllipticCurvePrivateKey: ECAlgorithm,
        ed25519.Ed25519PrivateKey: OKPAlgorithm,
    }
    algorithm = next(item for kind, item in algorithms.items() if isinstance(key, kind))
    return {**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig"}
