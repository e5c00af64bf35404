"""A file for those who help with a problem: calls, versions and names of settings, no secrets."""

import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pbf.clock import utc_now
from pbf.redaction import redact
from pbf.show_api.calls import ApiCall
from pbf.show_api.hiding import as_json

PACKAGES = ("pbf", "streamlit", "flask", "requests", "pydantic", "sqlalchemy", "dogpile.cache")
# Ours and Fivetran's; other variables of the environment are nobody's business.
SETTINGS = ("PBF_", "FIVETRAN_")


def support_bundle(calls: Sequence[ApiCall], settings: Iterable[str]) -> bytes:
    """Return the bundle as JSON; of the settings only the names of those that are set."""
    content = {
        "made_at": utc_now().isoformat(timespec="seconds"),
        "versions": {"python": platform.python_version(), **_versions()},
        "settings": sorted(redact(name) for name in settings if name.startswith(SETTINGS)),
        "calls": [_call(call) for call in calls],
    }
    return as_json(content).encode()


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # a checkout is not installed
            found[package] = "not installed"
    return found


def _call(call: ApiCall) -> dict[str, Any]:
    at = datetime.fromtimestamp(call.at, UTC).isoformat(timespec="milliseconds")
    return {**asdict(call), "at": at, "query": dict(call.query), "headers": dict(call.headers)}
