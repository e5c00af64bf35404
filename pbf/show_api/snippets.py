"""Requests as snippets that run: for a shell with curl, and for Python with requests.

No snippet has a secret. It reads address, key and secret from environment variables.
"""

import json
import shlex
from collections.abc import Mapping

from pbf.show_api.calls import request_headers
from pbf.show_api.operations import Request

API_URL = "https://api.fivetran.com"
JSON = "application/json"


def curl(request: Request) -> str:
    """Return a request to Fivetran for a shell."""
    options = ['-u "$FIVETRAN_API_KEY:$FIVETRAN_API_SECRET"', *_header_options(request)]
    address = f'"${{FIVETRAN_API_URL:-{API_URL}}}"{shlex.quote(request.address)}'
    return _command(request, address, options)


def own_curl(request: Request, public_url: str, *, has_sign_in: bool) -> str:
    """Return a request to our own route for a shell; the token of a tenant is in API_TOKEN.

    While sign-in is off, requests have no token.
    """
    options = ['-H "Authorization: Bearer $API_TOKEN"'] if has_sign_in else []
    if request.body is not None:
        options.append(f"-H {shlex.quote(f'Content-Type: {JSON}')}")
    return _command(request, shlex.quote(f"{public_url}{request.address}"), options)


def python(request: Request) -> str:
    """Return a request to Fivetran for Python."""
    arguments = [
        f'os.environ.get("FIVETRAN_API_URL", "{API_URL}") + {_text(request.path)}',
        'auth=(os.environ["FIVETRAN_API_KEY"], os.environ["FIVETRAN_API_SECRET"])',
        f'headers={{"Accept": {_text(_headers(request)["Accept"])}}}',
    ]
    if request.query:
        arguments.append(f"params={_literal(dict(request.query))}")
    if request.body is not None:
        arguments.append(f"json={_literal(request.body)}")
    arguments.append("timeout=60")
    lines = "".join(f"    {argument},\n" for argument in arguments)
    return (
        f"import os\n\nimport requests\n\nresponse = requests.{request.method.lower()}(\n{lines})\n"
        "response.raise_for_status()\nprint(response.text)\n"
    )


def _headers(request: Request) -> dict[str, str]:
    """Return the headers of a request to Fivetran; each snippet sends the key in its own way."""
    headers = dict(request_headers(request.path, has_body=request.body is not None))
    del headers["Authorization"]
    return headers


def _header_options(request: Request) -> list[str]:
    headers = _headers(request).items()
    return [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in headers]


def _command(request: Request, address: str, options: list[str]) -> str:
    method = "" if request.method == "GET" else f"-X {request.method} "
    lines = [f"curl -sS --fail-with-body {method}{address}", *options]
    if request.body is not None:
        # JSON escapes line breaks and everything that is not ASCII.
        lines.append(f"--data {shlex.quote(json.dumps(request.body, indent=2))}")
    return " \\\n  ".join(lines) + "\n"


def _text(text: str) -> str:
    """Return a text as a Python literal in double quotes, as far as that needs no escapes."""
    literal = repr(text)
    return f'"{text}"' if literal == f"'{text}'" and '"' not in text else literal


def _literal(value: object, indent: int = 4) -> str:
    """Return a JSON value as a Python literal, with one field a line."""
    if isinstance(value, Mapping):
        space = " " * (indent + 4)
        fields = (
            f"{space}{_text(name)}: {_literal(item, indent + 4)},\n" for name, item in value.items()
        )
        return f"{{\n{''.join(fields)}{' ' * indent}}}" if value else "{}"
    return _text(value) if isinstance(value, str) else repr(value)
