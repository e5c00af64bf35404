"""A policy file that changes while the product runs."""

import logging
from pathlib import Path

import pytest

from pbf.errors import InvalidPolicy
from pbf.identity.policy.file import read_policy_file
from pbf.identity.policy.source import CHECK_INTERVAL, WatchedFile
from pbf.rules.access.policy import Policy
from tests.support.clock import Clock


def write(path: Path, limit: object) -> None:
    path.write_text(f"version: 1\ntenants:\n  acme:\n    limits: {{connectors: {limit}}}\n")


def watched(path: Path, clock: Clock) -> WatchedFile[Policy]:
    """The policy of the only tenant of a file."""
    return WatchedFile(path, lambda path: read_policy_file(path).for_group(None), clock=clock)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def source(policy_path: Path, clock: Clock) -> WatchedFile[Policy]:
    write(policy_path, 1)
    return watched(policy_path, clock)


def test_a_changed_file_is_in_force_within_seconds(source, clock, policy_path):
    write(policy_path, 20)
    before = source.current().limits.connectors
    clock.advance(CHECK_INTERVAL)

    assert (before, source.current().limits.connectors) == (1, 20)


def test_the_file_is_looked_at_only_every_few_seconds(source, clock, policy_path, monkeypatch):
    looks = []
    monkeypatch.setattr("pbf.identity.policy.source._stamp", looks.append)

    for _ in range(1000):
        clock.advance(CHECK_INTERVAL / 250)
        source.current()

    assert len(looks) <= 4


@pytest.mark.parametrize(
    ("breaks", "reason"),
    [
        pytest.param(
            lambda path: write(path, "many"),
            "policy.yaml, line 4: connectors must be a whole number",
            id="mistake",
        ),
        pytest.param(lambda path: path.unlink(), "policy.yaml cannot be read.", id="gone"),
    ],
)
def test_a_broken_file_leaves_the_last_valid_policy_in_force(
    source, clock, policy_path, caplog, breaks, reason
):
    breaks(policy_path)
    clock.advance(CHECK_INTERVAL)
    with caplog.at_level(logging.ERROR):
        limits = [source.current().limits.connectors for _ in range(3)]

    assert limits == [1, 1, 1]
    assert source.problem.startswith(reason)
    assert source.problem.endswith("The last valid policy stays in force.")
    assert [record.message for record in caplog.records] == [source.problem]


def test_a_repaired_file_is_in_force_and_no_longer_a_problem(source, clock, policy_path):
    write(policy_path, "many")
    clock.advance(CHECK_INTERVAL)
    assert source.problem
    write(policy_path, 300)
    clock.advance(CHECK_INTERVAL)

    assert source.problem == ""
    assert source.current().limits.connectors == 300


def test_a_broken_file_stops_the_start(policy_path, clock):
    write(policy_path, "many")

    with pytest.raises(InvalidPolicy, match="line 4: connectors"):
        watched(policy_path, clock)
