"""Sign-in with OpenID Connect: authorization code flow with PKCE, state and nonce.

https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from pbf.clock import current_time
from pbf.errors import ProviderUnavailable, SignInFailed, SignInRefused
from pbf.identity.claims import Claims
from pbf.identity.oidc.discovery import TIMEOUT, Discovery, Metadata, unavailable
from pbf.identity.oidc.providers import Provider
from pbf.identity.oidc.signed_state import State, StateSigner, unknown_sign_in
from pbf.identity.oidc.token_validation import LogoutToken, TokenVerifier, text_or_empty, untrusted
from pbf.paths import PREFIX, own_page

log = logging.getLogger(__name__)

GOOGLE = "https://accounts.google.com"
TEMPORARY_ERRORS = frozenset({"server_error", "temporarily_unavailable"})


@dataclass(frozen=True)
class Start:
    """Where to send a person to sign in, and the state that their browser has to keep."""

    url: str
    state: str
    cookie: str = field(repr=False)


@dataclass(frozen=True)
class Finish:
    """A person who has signed in, and the page that they wanted to see."""

    claims: Claims
    next: str


class Oidc:
    """Sign-in with any of several providers."""

    def __init__(
        self,
        providers: Sequence[Provider],
        *,
        public_url: str,
        signer: StateSigner,
        timeout: float = TIMEOUT,
        clock: Callable[[], float] = current_time,
    ) -> None:
        """Offer the providers; `public_url` has no slash at the end, `timeout` is in seconds."""
        self.providers = {provider.id: provider for provider in providers}
        self._public_url = public_url
        self._signer = signer
        self._discoveries = {
            provider.id: Discovery(provider, timeout=timeout, clock=clock) for provider in providers
        }
        self._verifiers = {
            provider.id: TokenVerifier(provider, self._discoveries[provider.id], clock=clock)
            for provider in providers
        }

    def start(self, provider_id: str, next_page: str, *, other_account: bool = False) -> Start:
        """Start a sign-in; with `other_account`, the provider asks for the account again.

        Raises KeyError for an unknown provider, and ProviderUnavailable.
        """
        provider, discovery = self.providers[provider_id], self._discoveries[provider_id]
        metadata = discovery.metadata()
        state = State(provider_id, own_page(next_page))
        options: dict[str, Any] = {"nonce": state.nonce}
        if other_account:
            options["prompt"] = _account_prompt(provider, metadata)
        with discovery.session(
            metadata,
            scope=" ".join(_scopes(provider, metadata)),
            redirect_uri=self.redirect_uri(provider_id),
            code_challenge_method="S256",
        ) as session:
            url, _ = session.create_authorization_url(
                metadata.authorization_endpoint,
                state=state.state,
                code_verifier=state.verifier,
                **options,
            )
        return Start(url, state.state, self._signer.sign(state))

    def finish(self, provider_id: str, answer: Mapping[str, str], cookie: str) -> Finish:
        """Return who signed in, from the parameters of the callback and the cookie of its state.

        Raises KeyError for an unknown provider, and SignInFailed.
        """
        provider = self.providers[provider_id]
        state = self._signer.read(cookie)
        if not state.belongs_to(provider_id, answer.get("state", "")):
            raise unknown_sign_in()
        metadata = self._discoveries[provider_id].metadata()
        self._check_issuer(provider, metadata, answer.get("iss"))
        if error := answer.get("error"):
            raise self._refused(provider, error)
        if not answer.get("code"):
            raise self._refused(provider, "no code")
        return Finish(self._claims(provider, metadata, answer["code"], state), state.next)

    def end_session_url(self, provider_id: str, id_token: str) -> str:
        """Return where the provider ends its own session; empty if no such page is known.

        https://openid.net/specs/openid-connect-rpinitiated-1_0.html
        """
        provider = self.providers[provider_id]
        try:
            endpoint = self._discoveries[provider_id].metadata().end_session_endpoint
        except ProviderUnavailable:
            endpoint = ""
        if not endpoint:
            return ""
        query = {
            "client_id": provider.client_id,
            "post_logout_redirect_uri": f"{self._public_url}{PREFIX}/signed-out",
        }
        if id_token:
            query["id_token_hint"] = id_token
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    def read_logout_token(
        self, provider_id: str, token: str, *, use_once: Callable[[str, float], bool]
    ) -> LogoutToken:
        """Return whose sessions a provider has ended; see TokenVerifier.logout_token."""
        return self._verifiers[provider_id].logout_token(token, use_once=use_once)

    def next_page(self, cookie: str) -> str:
        """Return the page that a sign-in was for, from the cookie of its state."""
        return self._signer.next_page(cookie)

    def redirect_uri(self, provider_id: str) -> str:
        """Return the address of a provider's callback; none can answer for another one."""
        return f"{self._public_url}{PREFIX}/signed-in/{provider_id}"

    def _check_issuer(self, provider: Provider, metadata: Metadata, issuer: str | None) -> None:
        """Check which provider an answer comes from, as RFC 9207 describes."""
        announced = metadata.authorization_response_iss_parameter_supported
        if issuer in provider.issuers() or (issuer is None and not announced):
            return
        log.warning("provider %s: the answer is from another issuer", provider.id)
        raise unknown_sign_in()

    def _claims(self, provider: Provider, metadata: Metadata, code: str, state: State) -> Claims:
        """Exchange a code for tokens, and return the verified claims."""
        discovery = self._discoveries[provider.id]
        with discovery.session(metadata) as session:
            id_token = self._exchange(provider, session, metadata, code, state)
            claims = self._verifiers[provider.id].id_token(id_token, nonce=state.nonce)
            if metadata.userinfo_endpoint and not {"email", provider.groups_claim} <= set(claims):
                userinfo = discovery.get(session, metadata.userinfo_endpoint, anonymous=False)
                claims = _with_userinfo(provider, claims, userinfo)
        return _of_person(provider, claims, id_token)

    def _exchange(
        self, provider: Provider, session: Any, metadata: Metadata, code: str, state: State
    ) -> str:
        """Return the ID token for a code."""
        from authlib.integrations.base_client import OAuthError

        try:
            tokens = session.fetch_token(
                metadata.token_endpoint,
                grant_type="authorization_code",
                code=code,
                code_verifier=state.verifier,
                redirect_uri=self.redirect_uri(provider.id),
                allow_redirects=False,
            )
        except OAuthError as exc:
            raise self._refused(provider, str(exc.error)) from exc
        except (OSError, ValueError) as exc:
            log.warning("provider %s: token request failed: %s", provider.id, type(exc).__name__)
            raise unavailable(provider) from exc
        id_token = tokens.get("id_token")
        if not isinstance(id_token, str):
            raise self._refused(provider, "no ID token")
        return id_token

    def _refused(self, provider: Provider, error: str) -> SignInFailed:
        """Return the error of a refusal; its code is logged, since it names no account."""
        log.warning("provider %s refused: %s", provider.id, error[:60].encode("unicode_escape"))
        if error in TEMPORARY_ERRORS:
            return unavailable(provider)
        return SignInRefused(
            f"{provider.label} did not sign you in, or sign-in was cancelled. Try again."
        )


def _scopes(provider: Provider, metadata: Metadata) -> tuple[str, ...]:
    """Return the scopes to ask for.

    Some providers name a person's groups only if asked for them; others refuse unknown scopes.
    """
    groups = provider.groups_claim
    is_missing = groups in metadata.scopes_supported and groups not in provider.scopes
    return (*provider.scopes, groups) if is_missing else provider.scopes


def _account_prompt(provider: Provider, metadata: Metadata) -> str:
    """Return the `prompt` with which a provider asks for another account.

    Only `login` has to be supported everywhere, but Google refuses it.
    """
    chooses = "select_account" in metadata.prompt_values_supported
    return "select_account" if chooses or provider.issuer == GOOGLE else "login"


def _with_userinfo(
    provider: Provider, claims: dict[str, Any], userinfo: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the claims of an ID token with those that only the userinfo endpoint gives."""
    if userinfo.get("sub") != claims["sub"]:
        raise untrusted(provider, "sub of userinfo")
    # Whether an address is verified says nothing about a different address.
    if "email" in claims and userinfo.get("email") != claims["email"]:
        userinfo = {name: value for name, value in userinfo.items() if name != "email_verified"}
    return {**userinfo, **claims}


def _of_person(provider: Provider, claims: Mapping[str, Any], id_token: str) -> Claims:
    email, name, sid = (text_or_empty(claims.get(key)) for key in ("email", "name", "sid"))
    # Some providers send booleans as text.
    verified = claims.get("email_verified") in (True, "true") or provider.trust_email
    return Claims(
        provider=provider.id,
        issuer=claims["iss"],
        subject=claims["sub"],
        email=email,
        email_verified=bool(email) and verified,
        name=name or text_or_empty(claims.get("preferred_username")),
        all=claims,
        sid=sid,
        id_token=id_token,
    )
