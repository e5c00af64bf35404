"""Every page with Show API on: who has it, what marks show, and that no secret is among it."""

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from pbf import runtime as runtimes
from pbf.fivetran.models import Connector
from pbf.identity.models import Identity
from pbf.rules.access.permissions import Role
from pbf.runtime import Runtime
from pbf.show_api.operations import OPERATIONS
from tests.pages.conftest import Visit
from tests.pages.reading import everything, html, labels, press
from tests.support.tenants import looked_at_by

# Their marks with Show API on; the other pages read our own database alone.
MARKED = {
    "overview": {"connectors"},
    "services": {"services"},
    "connectors": {"connectors"},
    "connector": {"connectors", "errors"},
    "tables": {"schemas"},
}
OTHERS = ["activity", "incidents", "notifications", "people", "policy", "promises"]
BUTTON = "</> API calls"


@pytest.fixture
def works(runtime: Runtime) -> Connector:
    """A connector that works."""
    items = runtime.portal.connectors().items
    return next(item for item in items if item.is_set_up and not item.paused)


@pytest.fixture
def query(works: Connector) -> dict[str, str]:
    return {"id": works.id, "service": "google_ads"}


@pytest.fixture
def on_sandbox(runtime: Runtime):
    """Have visitors with a role look at the embedded sandbox instead of an account."""

    def give(role: Role, *, is_operator: bool = False) -> None:
        visitor = Identity("person:1", runtime.portal.tenant.id, role, is_operator=is_operator)
        settings = replace(runtime.settings, api_key=None)
        assert settings.sandbox
        runtimes.use(replace(looked_at_by(runtime, visitor), settings=settings))

    return give


@pytest.fixture
def on_account(runtime: Runtime):
    """Have somebody look at an account."""

    def give(role: Role, *, is_operator: bool = False) -> None:
        visitor = Identity("person:1", runtime.portal.tenant.id, role, is_operator=is_operator)
        runtimes.use(looked_at_by(runtime, visitor))

    return give


def marks(app: AppTest) -> list[str]:
    return [label for label in labels(app) if label.startswith("`</> ")]


def open_mark(app: AppTest, beginning: str) -> AppTest:
    return press(app, next(label for label in marks(app) if label.startswith(beginning)))


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.OPERATOR], ids=str)
@pytest.mark.parametrize("name", [*MARKED, "connect", *OTHERS])
def test_each_page_of_the_sandbox_has_its_marks(
    name, role, on_sandbox, query, works, with_show_api, visit: Visit
):
    on_sandbox(role, is_operator=role is Role.OPERATOR)

    app = visit(name, **query)

    assert not app.exception
    assert BUTTON in labels(app)
    group = works.group_id
    for operation in MARKED.get(name, ()):
        path = OPERATIONS[operation].path.format(group_id=group, connector_id=works.id)
        shown = f"`</> GET {path}`"
        assert [label for label in marks(app) if label.startswith(shown)], marks(app)
    if name in OTHERS:
        assert marks(app) == []


@pytest.mark.parametrize("name", [*MARKED, "connect", *OTHERS])
def test_without_the_switch_no_page_has_a_mark(name, on_sandbox, query, visit: Visit):
    on_sandbox(Role.ADMIN)

    app = visit(name, **query)

    assert marks(app) == []
    assert BUTTON not in labels(app)
    assert "api_calls" not in app.session_state


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.ADMIN], ids=str)
def test_on_an_account_only_operators_have_it(role, on_account, query, with_show_api, visit: Visit):
    on_account(role)

    app = visit("connector", **query)

    assert marks(app) == []
    assert BUTTON not in labels(app)
    assert "Show API" not in html(app)
    assert "api_calls" not in app.session_state


def test_on_an_account_operators_have_it(on_account, query, with_show_api, visit: Visit):
    on_account(Role.OPERATOR, is_operator=True)

    assert marks(visit("connector", **query))


def test_who_may_no_longer_see_it_gets_no_dialog(on_account, query, with_show_api, visit: Visit):
    on_account(Role.OPERATOR, is_operator=True)
    app = visit("connector", **query)
    on_account(Role.ADMIN)

    app = press(app, BUTTON)

    assert "Support bundle" not in everything(app)
    assert marks(app) == []


def test_a_mark_opens_the_last_call_and_its_snippets(
    on_sandbox, query, works, with_show_api, visit: Visit
):
    on_sandbox(Role.EDITOR)
    app = visit("tables", **query)

    app = open_mark(app, "`</> GET")

    codes = [code.value for code in app.code]
    assert not app.exception
    assert f"/v1/connections/{works.id}/schemas" in html(app)
    assert "200 · " in html(app)
    assert any('"schemas"' in code for code in codes)
    assert any(code.startswith("curl ") and '"$FIVETRAN_API_KEY:' in code for code in codes)
    assert any("requests.get(" in code for code in codes)
    assert any("Terraform has nothing for reading which tables" in code for code in codes)
    assert "The JSON API has no route for this." in html(app)


def test_a_list_from_the_cache_says_so(on_sandbox, query, with_show_api, visit: Visit, runtime):
    on_sandbox(Role.EDITOR)
    runtime.portal.services()
    path = OPERATIONS["services"].path
    app = visit("services")
    calls = app.session_state["api_calls"]
    calls.record_cached(runtime.portal.tenant.id, path, lambda: [{"id": "x"}], read_at=1.0)

    app = open_mark(app, "`</> GET /v1/metadata")

    assert "from the cache, read " in html(app)


def test_what_was_fetched_in_another_thread_is_among_the_calls(
    on_sandbox, with_show_api, visit: Visit, runtime
):
    on_sandbox(Role.EDITOR)

    app = visit("connectors")

    tenant = runtime.portal.tenant
    calls = app.session_state["api_calls"].of(tenant.id)
    assert ("GET", f"/v1/groups/{tenant.group_id}/connections", 200) in [
        (call.method, call.path, call.status) for call in calls
    ]


def test_the_calls_of_the_session_are_listed_with_the_bundle(
    on_sandbox, query, with_show_api, visit: Visit
):
    on_sandbox(Role.EDITOR)
    app = visit("tables", **query)

    app = press(app, BUTTON)

    assert not app.exception
    assert f"/v1/connections/{query['id']}/schemas" in html(app)
    assert [button.proto.label for button in app.get("download_button")][-1] == "Support bundle"


@pytest.mark.parametrize("name", list(MARKED))
def test_no_dialog_has_a_key(name, on_sandbox, query, sandbox, with_show_api, visit: Visit):
    on_sandbox(Role.EDITOR)
    app = visit(name, **query)

    for label in dict.fromkeys(marks(app)):
        app = press(app, label)
        assert not app.exception
        page = everything(app)
        assert sandbox.world.api_key not in page
        assert sandbox.world.api_secret not in page
