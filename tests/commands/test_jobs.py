"""The command that shows the background work."""

import time

import pytest

from pbf.commands.command_line import main
from pbf.errors import TimedOut
from pbf.jobs.runner import JobRunner, JobSpec
from pbf.store.store import Store


@pytest.fixture
def store(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path / 'pbf.sqlite3'}"
    for name in ("FIVETRAN_API_KEY", "FIVETRAN_API_SECRET", "FIVETRAN_GROUP_ID"):
        monkeypatch.setenv(name, "x")
    # Nobody listens there: the command must not ask Fivetran.
    monkeypatch.setenv("FIVETRAN_API_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("PBF_DATABASE_URL", url)
    opened = Store(url)
    yield opened
    opened.close()


def run(store: Store, error: Exception | None = None) -> None:
    def work() -> None:
        if error:
            raise error

    specs = [JobSpec("clean up", 30, lambda: None), JobSpec("read histories", 60, work)]
    JobRunner(store, specs, clock=lambda: 1_000_000.0).run_due()


def test_it_prints_what_is_due_and_when_each_job_ran(store, capsys):
    run(store)
    store.jobs.write(store.jobs.find("", "clean up"), due_at=time.time() + 3600)

    assert main(["jobs"]) == 0

    first, second = capsys.readouterr().out.splitlines()
    assert first.split()[:3] == ["clean", "up", "waiting"]
    assert "last success 1970-01-12 13:46:40 UTC" in first
    assert "next 20" in first
    assert "read histories" in second
    assert "next now" in second


def test_a_failure_is_told_with_its_reason(store, capsys):
    run(store, TimedOut("Fivetran did not answer."))

    assert main(["jobs"]) == 1

    assert "failed once: Fivetran did not answer." in capsys.readouterr().out


def test_a_job_whose_process_died_is_told(store, capsys):
    run(store)
    store.jobs.write(store.jobs.find("", "clean up"), owner="gone", lease_until=1.0)

    assert main(["jobs"]) == 1

    assert "cut short" in capsys.readouterr().out


def test_without_a_job_it_says_who_runs_them(store, capsys):
    assert main(["jobs"]) == 0
    assert "No job has run yet" in capsys.readouterr().out


def test_the_embedded_sandbox_shows_its_jobs_to_nobody_else(capsys):
    assert main(["jobs"]) == 1
    assert "on the page Jobs" in capsys.readouterr().err
