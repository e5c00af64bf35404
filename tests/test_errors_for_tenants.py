"""What people of a tenant read of errors that the people who run the dashboard can mend."""

import re

import pytest

from pbf import errors
from pbf.errors import (
    BadAnswer,
    ConnectionFailed,
    GroupNotVisible,
    NotFound,
    PbfError,
    StoreFailed,
    TimedOut,
    Unauthorized,
)

SETTING = re.compile(r"\b(?:FIVETRAN|PBF)_[A-Z_]+")


@pytest.mark.parametrize(
    "kind", [BadAnswer, ConnectionFailed, GroupNotVisible, StoreFailed, Unauthorized]
)
def test_settings_are_named_only_to_those_who_run_the_dashboard(kind: type[PbfError]):
    error = kind("It failed. Check FIVETRAN_API_URL and PBF_DATABASE_URL.")

    assert SETTING.search(str(error))
    assert not SETTING.search(error.for_tenants)


@pytest.mark.parametrize("kind", [NotFound, TimedOut, errors.InvalidName])
def test_other_errors_are_the_same_for_everybody(kind: type[PbfError]):
    assert kind("What happened, and what to do.").for_tenants == "What happened, and what to do."
