"""Tests that need what the machine lacks: skipped, failed in CI, and named in one line."""

import pytest

from tests.support.requirements import (
    DEFINITION,
    load_reference,
    require_package,
    summary_of_skipped,
)


def skip_reason(name: str = "Redis", package: str = "redis-server") -> str:
    """The reason with which a test is skipped."""
    with pytest.raises(pytest.skip.Exception) as skipped:
        require_package(None, name, package)
    return str(skipped.value)


@pytest.fixture
def _no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)


@pytest.mark.usefixtures("_no_ci")
def test_a_test_without_its_program_is_skipped_and_says_what_to_install():
    assert skip_reason() == "This test needs Redis: install your system's package redis-server."


def test_in_ci_a_test_without_its_program_fails(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CI", "true")

    with pytest.raises(pytest.fail.Exception, match="needs Redis: install"):
        require_package(None, "Redis", "redis-server")


def test_a_program_that_is_installed_skips_nothing():
    assert require_package("/usr/bin/redis-server", "Redis", "redis-server").endswith("server")


@pytest.mark.usefixtures("_no_ci")
def test_a_test_without_the_definition_is_skipped(tmp_path, monkeypatch: pytest.MonkeyPatch):
    missing = tmp_path / DEFINITION.name
    monkeypatch.setattr(
        "tests.support.requirements.NAMES", {missing: "Fivetran's official definition"}
    )

    with pytest.raises(pytest.skip.Exception, match="needs Fivetran's official definition: "):
        load_reference(missing)


@pytest.mark.usefixtures("_no_ci")
def test_one_line_counts_the_tests_that_did_not_run_and_names_their_files():
    redis, postgres = skip_reason(), skip_reason("PostgreSQL", "postgresql")

    line = summary_of_skipped(
        [
            ("tests/cache/test_backends.py::test_a[1]", f"('f.py', 1, 'Skipped: {redis}')"),
            ("tests/cache/test_backends.py::test_a[2]", redis),
            ("tests/store/test_store.py::test_b", postgres),
            ("tests/test_config.py::test_c", "Skipped: not on this system"),
        ]
    )

    assert line == (
        "Tests that did not run: 1 without PostgreSQL (tests/store/test_store.py); "
        "2 without Redis (tests/cache/test_backends.py)."
    )


def test_when_all_tests_ran_there_is_no_line():
    assert summary_of_skipped([("tests/test_config.py::test_c", "Skipped: not here")]) == ""
