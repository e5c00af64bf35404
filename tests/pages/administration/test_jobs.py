"""The page Jobs, for operators."""

import pytest

from pbf.errors import TimedOut
from pbf.jobs.runner import JobRunner, JobSpec
from pbf.rules.access.permissions import Role
from tests.pages.reading import everything, html

TEXT = "secret-text"


@pytest.fixture
def ran(demo):
    """A demo in which three jobs have run."""

    def fail() -> None:
        raise TimedOut("Fivetran did not answer <in time>.")

    def surprise() -> None:
        raise KeyError(TEXT)

    specs = [
        JobSpec("clean up", 3600, lambda: None),
        JobSpec("read histories", 60, fail),
        JobSpec("send digests", 60, surprise),
    ]
    JobRunner(demo.store, specs).run_due()
    return demo


def test_operators_see_each_job_with_what_failed_last(ran, look_as, visit):
    look_as(Role.OPERATOR, "")

    page = visit("jobs")

    shown = html(page)
    assert not page.exception
    assert [title.value for title in page.title] == ["Jobs"]
    assert "2 of 3 jobs did not end well." in shown
    assert "<strong>Clean up</strong>" in shown
    assert "Failed once: Fivetran did not answer &lt;in time&gt;." in shown
    assert "An unexpected error, KeyError." in shown
    assert TEXT not in everything(page)
    assert [button.label for button in page.button].count("Run now") == 3


def test_run_now_makes_a_job_due_and_is_recorded(ran, look_as, visit):
    look_as(Role.OPERATOR, "")
    page = visit("jobs")

    page.button(key="run-clean up-0").click().run()

    assert not page.exception
    runs = []
    JobRunner(ran.store, [JobSpec("clean up", 3600, lambda: runs.append(1))]).run_due()
    assert runs == [1]
    entry = ran.store.audit.newest("", 1)[0]
    assert (entry.actor, entry.what, entry.details, entry.outcome) == (
        *("person:1", "run a job", "clean up", "done"),
    )


def test_a_job_that_runs_is_not_run_twice(ran, look_as, visit):
    look_as(Role.OPERATOR, "")
    page = visit("jobs")
    row = ran.store.jobs.find("", "clean up")
    ran.store.jobs.claim(row, 60)

    page.button(key="run-clean up-0").click().run()

    assert "This job is running now." in page.error[0].value


def test_without_a_job_the_page_says_so(demo, look_as, visit):
    look_as(Role.OPERATOR, "")

    assert "No job has run yet." in visit("jobs").info[0].value


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.ADMIN])
def test_others_than_operators_see_a_refusal_and_no_job(ran, look_as, visit, role):
    look_as(role)

    page = visit("jobs")

    assert "Only an operator may manage tenants" in page.info[0].value
    assert "Clean up" not in everything(page)
