"""Who administers, and what they may administer."""

from dataclasses import replace

from pbf.api.request_context import current_identity, current_runtime
from pbf.identity.administration.administration import Administration
from pbf.identity.models import Identity
from pbf.paths import LONGEST_ID, PREFIX

ADMIN = f"{PREFIX}/admin"
# A longer id matches no route and is not read.
TENANT = f"/tenants/<string(maxlength={LONGEST_ID}):tenant_id>"


def admin() -> Identity:
    """Return who asks; without sign-in, the audit log names the routes."""
    identity = current_identity()
    return identity if identity.actor else replace(identity, actor="route")


def administration() -> Administration:
    """Return what may be administered."""
    return current_runtime().identity.administration
