"""The secrets of the process: redacted in logs, and the keys that sign links."""

import hashlib
import secrets

from pbf.config import Settings
from pbf.redaction import hide, hide_pair, hide_password


def hide_secrets(settings: Settings) -> None:
    """Have the secrets redacted in logs, before anything uses them and may fail."""
    hide_pair(settings.api_key or "", settings.api_secret or "")
    hide(*settings.signing_keys, *settings.webhook_secrets)
    hide(settings.sign_in.oidc_client_secret, settings.sign_in.proxy_secret)
    for url in (settings.database_url, settings.redis_url, settings.mail_url):
        hide_password(url)


def signing_key(secret: str, *, shared: bool) -> str:
    """Return the key that all processes of an account share; it does not reveal the secret."""
    if not shared:
        return secrets.token_hex()
    return hashlib.sha256(f"pbf signing key\0{secret}".encode()).hexdigest()
