"""Which addresses a Connect Card may lead back to."""

from pbf.api.request_context import allowed_origins
from pbf.errors import InvalidRedirect
from pbf.paths import origin

LONGEST_REDIRECT = 2_000


def check_redirect(url: str) -> None:
    """Raise InvalidRedirect unless a card may lead back to a URL."""
    if len(url) > LONGEST_REDIRECT:
        raise InvalidRedirect(f"redirect_uri is longer than {LONGEST_REDIRECT} characters.")
    try:
        target = origin(url)
    except ValueError as exc:
        raise InvalidRedirect("redirect_uri is not an http or https URL.") from exc
    if target not in allowed_origins():
        raise InvalidRedirect(
            f"redirect_uri leads to {target}, which is not allowed. Add it to PBF_ALLOWED_ORIGINS."
        )
