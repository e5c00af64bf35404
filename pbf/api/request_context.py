"""What routes read from the current request: identity, tenant, our address, client and body."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from flask import current_app, g, request
from werkzeug.exceptions import UnsupportedMediaType
from werkzeug.wsgi import get_host

from pbf.api.error_handlers import InvalidJson
from pbf.api.session_cookies import sent_session_cookies
from pbf.connectors.access.client_address import Client
from pbf.connectors.access.sign_in_limits import Attempt
from pbf.connectors.portal import Portal
from pbf.errors import InvalidToken, UnknownTenant
from pbf.identity.models import Identity
from pbf.logs import set_tenant
from pbf.paths import origin
from pbf.runtime import Runtime
from pbf.signed_links import Purpose

# By it, programs with a token of the operators name the tenant that a request is for.
TENANT_HEADER = "X-Tenant"


def current_runtime() -> Runtime:
    """Return the runtime that this app serves."""
    runtime: Runtime = current_app.extensions["pbf"]()
    return runtime


def current_identity() -> Identity:
    """Return who asks; raise NotSignedIn, InvalidToken, UnknownTenant or TooManyRequests."""
    if "identity" not in g:
        runtime = current_runtime()
        try:
            g.identity = _in_named_tenant(
                runtime.identity.authentication.of_request(
                    sent_session_cookies(runtime.settings.public_url),
                    cast(Mapping[str, str], request.headers),
                )
            )
        except InvalidToken:
            # Only now: a valid token is never refused because of the others behind its address.
            runtime.sign_in_limits.admit(Attempt.TOKEN, current_client())
            runtime.sign_in_limits.count_failure(Attempt.TOKEN, current_client())
            raise
    identity: Identity = g.identity
    return identity


def current_portal() -> Portal:
    """Return the portal of the caller's tenant; raise UnknownTenant if there is none."""
    return current_runtime().portals.of(current_identity().tenant_id)


def signed_for(purpose: Purpose, text: str) -> Portal | None:
    """Return the portal that a link, invitation or state is signed for; None if it is not valid."""
    runtime = current_runtime()
    g.tenant_id = tenant_id = runtime.signer.tenant_of(purpose, text)
    set_tenant(tenant_id)
    try:
        return runtime.portals.of(tenant_id)
    except UnknownTenant:
        return None


def is_for_another_tenant(portal: Portal) -> bool:
    """Return whether somebody is signed in here, but to another tenant than a portal's."""
    runtime = current_runtime()
    if runtime.identity.authentication.is_required or runtime.identity.is_demo:
        headers = cast(Mapping[str, str], request.headers)
        cookies = sent_session_cookies(runtime.settings.public_url)
        identity = runtime.identity.authentication.of_cookies(cookies, headers)
        return identity is not None and identity.tenant_id != portal.tenant.id
    return False


def public_url() -> str:
    """Return the address under which callers reach us, without a slash at the end."""
    return current_runtime().settings.public_url or _requested_origin()


def own_origins() -> tuple[str, str]:
    """Return our origins; requests for other hosts than ours were refused before."""
    return (origin(public_url()), origin(_requested_origin()))


def allowed_origins() -> tuple[str, ...]:
    """Return our own origins and those that the settings allow."""
    return (*own_origins(), *current_runtime().settings.allowed_origins)


def current_client() -> Client:
    """Return the address from which a request comes."""
    return Client(request.remote_addr or "", request.headers.get("X-Forwarded-For", ""))


def json_body() -> object:
    """Return the parsed body of the request; raise InvalidJson with the reason if it is invalid."""
    if not request.is_json:
        raise UnsupportedMediaType
    try:
        return json.loads(request.get_data(), parse_constant=_refuse_constant)
    except json.JSONDecodeError as exc:
        # Only the position and the kind of the mistake: the body is not quoted.
        where = f"line {exc.lineno}, column {exc.colno}"
        raise InvalidJson(f"The body is not valid JSON: {exc.msg} at {where}.") from None
    except UnicodeDecodeError:
        raise InvalidJson("The body is not valid JSON: it is not UTF-8.") from None
    except RecursionError:
        raise InvalidJson("The body is not valid JSON: it is nested too deeply.") from None
    except ValueError:
        raise InvalidJson("The body is not valid JSON: it contains an invalid number.") from None


def _in_named_tenant(identity: Identity) -> Identity:
    """Return a caller in the tenant that the request names, if it does; raise UnknownTenant."""
    tenant_id = request.headers.get(TENANT_HEADER, identity.tenant_id)
    if tenant_id == identity.tenant_id:
        return identity
    is_token = identity.is_operator and identity.method == "token"
    if not is_token or not current_runtime().identity.has_tenant(tenant_id):
        raise UnknownTenant("There is no such tenant, or it is not yours.")
    return replace(identity, tenant_id=tenant_id)


def _requested_origin() -> str:
    return f"{request.scheme}://{get_host(request.environ)}"


def _refuse_constant(_name: str) -> object:
    raise ValueError("JSON has no NaN and no Infinity")
