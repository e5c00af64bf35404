"""The dashboard on an account of its own: a sandbox that runs alone, named in `.env`."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser import steps
from tests.support.servers import dashboard, free_port, running
from tests.support.variants import exhaustive


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Run `python -m pbf sandbox`; yield its address, and the four lines that it prints."""
    folder = tmp_path_factory.mktemp("sandbox")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with running(["pbf", "sandbox", "--port", str(port)], folder, url):
        printed = (folder / "server.log").read_text().splitlines()
        yield url, "\n".join(line for line in printed if line.startswith("FIVETRAN_"))


def test_the_journey_works_on_an_account_named_in_env(account, visit, tmp_path):
    api, lines = account
    (tmp_path / ".env").write_text(lines)

    with dashboard(tmp_path) as url:
        visitor = visit(url)
        expect(visitor.page.get_by_role("note")).to_have_count(0)
        visitor.page.get_by_role("button", name="Connect a source").click()
        steps.choose_service(visitor, "google sheets", "Google Sheets")
        steps.create(visitor, "On an account")
        assert visitor.page.url.startswith(f"{api}/connect-card/setup")
        steps.fill_google_sheets(visitor.page)
        steps.save_and_test(visitor.page)
        steps.come_back(visitor)

        assert visitor.page.url == f"{url}/connectors"
        expect(steps.row(visitor.page, "On an account")).to_contain_text("First sync")


def wrong_key(lines: str) -> str:
    return lines.replace("FIVETRAN_API_KEY=", "FIVETRAN_API_KEY=x")


def wrong_group(lines: str) -> str:
    return lines.replace("FIVETRAN_GROUP_ID=", "FIVETRAN_GROUP_ID=x")


def half_set(lines: str) -> str:
    return "\n".join(line for line in lines.splitlines() if "SECRET" not in line)


def nobody_there(lines: str) -> str:
    return f"{lines}\nFIVETRAN_API_URL=http://127.0.0.1:{free_port()}"


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        pytest.param(wrong_key, "Check FIVETRAN_API_KEY and FIVETRAN_API_SECRET.", id="key"),
        exhaustive(wrong_group, "Check FIVETRAN_GROUP_ID", id="group"),
        exhaustive(half_set, "FIVETRAN_API_SECRET is not set.", id="half-set"),
        exhaustive(nobody_there, "Fivetran cannot be reached.", id="unreachable"),
    ],
)
def test_what_is_wrong_with_an_account_is_one_sentence_on_every_page(
    account, visit, tmp_path, spoil, text
):
    (tmp_path / ".env").write_text(spoil(account[1]))

    with dashboard(tmp_path) as url:
        visitor = visit(url)
        for path in ("/", "/services", "/connectors", "/connect?service=google_sheets"):
            visitor.page.goto(url + path)
            visitor.settle()
            expect(visitor.page.get_by_role("alert").filter(has_text=text)).to_have_count(1)
            expect(visitor.page.get_by_role("button", name="Try again")).to_be_visible()
