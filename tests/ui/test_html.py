"""What comes from outside is shown letter by letter."""

import ast
import re
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from pbf.ui.html import environment, escape, render
from pbf.ui.markdown import plain

ROOT = Path(__file__).parents[2]
SCREENS = sorted(
    file
    for file in [*(ROOT / "pages").rglob("*.py"), *(ROOT / "pbf").rglob("*.py")]
    if "sandbox" not in file.parts and "streamlit" in file.read_text()
)
TEMPLATES = environment().list_templates()
# What of Streamlit's calls reads Markdown: the method, and the names of such arguments.
READS_MARKDOWN = {
    *("error", "warning", "info", "success", "exception", "toast", "spinner", "status", "dialog"),
    *("title", "header", "subheader", "caption", "markdown", "write", "metric", "tabs"),
    *("button", "page_link", "link_button", "download_button", "expander", "popover", "progress"),
    *("radio", "checkbox", "toggle", "text_input", "text_area", "selectbox", "multiselect"),
    *(
        "pills",
        "segmented_control",
        "number_input",
        "data_editor",
        "dataframe",
        "form_submit_button",
    ),
}
# Those whose options are Markdown, too; others show theirs as plain text.
READS_OPTIONS = {"radio", "pills", "segmented_control", "select_slider"}
ARGUMENTS = {"label", "body", "help", "text", "title", "caption", "captions", "value"}
# What stands in Markdown as it is, by file: it is written here and nowhere else, or made plain
# where it is set. In Show API, ids in paths are quoted.
OURS: dict[str, set[str]] = {
    "pages/activity.py": {"ALL", "PEOPLE", "SYSTEM"},
    "pages/connector.py": {"LABELS[action]"},
    "pages/connectors.py": {"word"},
    "pages/people.py": {"list(PARTS)"},
    "pbf/ui/account/story_line.py": {"label"},
    "pbf/ui/administration/opening.py": {"refusal(visitor.role, permission)", "title"},
    "pbf/ui/administration/policy.py": {"title"},
    "pbf/ui/administration/source_requests.py": {"row.people", "row.waiting"},
    "pbf/ui/connect_form.py": {"docs", "name.free", "name.name"},
    "pbf/ui/connector/bulk_actions.py": {
        "WORD",
        "_question(number, portal.grace * HOUR)",
        "bulk.WORDS[action]",
        "done",
        "failed",
        "label",
        "number",
        "text",
        "total",
    },
    "pbf/ui/connector/colleague_links.py": {"DURATIONS[hours]", "LABEL"},
    "pbf/ui/connector/detail.py": {"label", "reason or advice(action, connector)"},
    "pbf/ui/connector/dialogs.py": {"_fate(portal)", "label", "what"},
    "pbf/ui/connector/maintenance.py": {"LABEL", "LATER", "NOW"},
    "pbf/ui/connector/setup_result.py": {"name", "note", "reason"},
    "pbf/ui/connector/trash.py": {"_when(connector)", "label", "until"},
    "pbf/ui/notifications/channels.py": {"name", "title"},
    "pbf/ui/notifications/form.py": {"KINDS.__getitem__", "label", "switch"},
    "pbf/ui/overview.py": {"step['label']"},
    "pbf/ui/page.py": {"exact(moment)", "heading", "message"},
    "pbf/ui/people/actions.py": {
        "[ROLES[role] for role in roles]",
        "label",
        "sentence",
        "str(role).capitalize()",
        "title",
    },
    "pbf/ui/people/invitations.py": {"INVITATION_DAYS", "email"},
    "pbf/ui/people/members.py": {"member.role", "name"},
    "pbf/ui/people/tokens.py": {"name"},
    "pbf/ui/show_api/dialogs.py": {"OPERATIONS[name].title", "OPERATORS", "TABS"},
    "pbf/ui/show_api/opening.py": {"more", "operation.title", "request.method", "request.path"},
    "pbf/ui/stories/chooser.py": {"label"},
    "pbf/ui/table_widgets.py": {"label"},
    "pbf/ui/timeline/section.py": {"LABELS[span]"},
    "pbf/ui/watch/incidents.py": {"label", "more"},
    "pbf/ui/watch/promises.py": {"BY", "WITHIN"},
    "pbf/ui/watch/targets.py": {"label"},
}


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        pytest.param("Sales of 2026 (EU), daily.", "Sales of 2026 (EU), daily.", id="ordinary"),
        pytest.param("stripe_payments", "stripe_payments", id="underscore-in-a-word"),
        pytest.param("_x_ __y", r"\_x\_ \_\_y", id="emphasis"),
        pytest.param("$5 to $10", r"\$5 to \$10", id="formula"),
        pytest.param(":smile:", ":color[:]{}smile:", id="emoji"),
        pytest.param(":material/x:", ":color[:]{}material/x:", id="icon"),
        pytest.param(":red[x]", r":color[:]{}red\[x\]", id="colour"),
        pytest.param("http://x.org", "http:color[:]{}//x.org", id="address"),
        pytest.param("www.x.org", "www:color[\\.]{}x.org", id="address-without-scheme"),
        pytest.param("a@x.org", "a:color[\\@]{}x.org", id="e-mail"),
        pytest.param("&amp;", r"\&amp;", id="entity"),
        pytest.param("<b>", r"\<b>", id="html"),
        pytest.param("1. x", "1\\. x", id="list"),
        pytest.param("# x", r"\# x", id="heading"),
        pytest.param("a\n\n# b", "a # b", id="line-breaks"),
        pytest.param("    x", "x", id="code-block"),
        pytest.param("a\\", "a\\\\", id="backslash"),
        pytest.param("a -> b", "a :color[\\-]{}> b", id="arrow"),
    ],
)
def test_nothing_of_a_text_is_left_for_markdown_to_read(text, markdown):
    assert plain(text).replace(":color[\\:]", ":color[:]") == markdown


@pytest.mark.parametrize(
    ("text", "html"),
    [
        pytest.param("<b>&", "&lt;b&gt;&amp;", id="html"),
        pytest.param("a\nb", "a b", id="line-break"),
        pytest.param("a\u202eb", "a\ufffdb", id="turned-round"),
        pytest.param("עברית", "<bdi>עברית</bdi>", id="right-to-left"),
    ],
)
def test_html_of_a_text_is_one_line_that_turns_nothing_round_beside_it(text, html):
    assert escape(text) == html


def test_every_text_that_streamlit_reads_as_markdown_is_ours_or_made_plain():
    foreign = {
        str(file.relative_to(ROOT)): {
            part for argument in markdown_arguments(file) for part in foreign_parts(argument)
        }
        for file in SCREENS
    }

    assert {file: parts for file, parts in foreign.items() if parts} == OURS


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_draws_only_texts_that_it_has_escaped(name):
    source = environment().loader.get_source(environment(), name)[0]

    assert environment().get_template(name).module
    assert not re.search(r"safe\b|autoescape|Markup", source)


def test_a_text_in_a_template_is_shown_as_it_is():
    drawn = render("parts", "badge", word="<i>\u202eאב", tone="good")

    assert drawn.endswith("</span> <bdi>&lt;i&gt;\ufffdאב</bdi></span>")


def test_an_address_in_a_template_stays_one_attribute():
    drawn = render("parts", "icon", url='https://x.org/ע"><b>', name="x", size=8)

    assert ' src="https://x.org/ע&#34;&gt;&lt;b&gt;" ' in drawn


def test_a_template_without_one_of_its_values_fails():
    with pytest.raises(UndefinedError):
        render("parts", "badge", tone="good")


def test_screens_write_html_only_in_templates():
    written = {
        f"{file.stem}: {ast.unparse(text)}"
        for file in SCREENS
        if "server" not in file.parts
        for text in ast.walk(ast.parse(file.read_text()))
        if isinstance(text, ast.JoinedStr) and re.search(r"</?\w+[ >]", ast.unparse(text))
        if any(not part.isupper() for part in values(text))
    }

    assert written == set()


def test_screens_escape_html_with_the_function_that_also_shows_what_is_invisible():
    users = {
        str(file.relative_to(ROOT))
        for file in SCREENS
        if re.search(r"^from html import|^import html", file.read_text(), re.MULTILINE)
    }

    assert users == set()


def values(text: ast.JoinedStr) -> list[str]:
    """What an f-string fills in."""
    return [ast.unparse(part.value) for part in text.values if isinstance(part, ast.FormattedValue)]


def markdown_arguments(file: Path) -> list[ast.expr]:
    """The arguments of a module's calls that Streamlit reads as Markdown."""
    arguments = []
    for call in ast.walk(ast.parse(file.read_text())):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            continue
        if call.func.attr not in READS_MARKDOWN or ast.unparse(call.func.value) == "log":
            continue
        named = [keyword.value for keyword in call.keywords if keyword.arg in ARGUMENTS]
        first = call.args[1 if call.func.attr in {"page_link", "progress"} else 0 :][:1]
        arguments += [*first, *named]
        if call.func.attr in READS_OPTIONS:
            arguments.append(options_of(call))
    return arguments


def options_of(call: ast.Call) -> ast.expr:
    """What a widget shows of its options: what its function makes of one, or else all of them."""
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    made = named.get("format_func")
    if made is None:
        return named["options"] if "options" in named else call.args[1]
    return made.body if isinstance(made, ast.Lambda) else made


def foreign_parts(argument: ast.expr) -> set[str]:
    """What of an argument is neither written here nor made plain."""
    if isinstance(argument, ast.Constant | ast.Dict):
        return set()
    if isinstance(argument, ast.JoinedStr):
        filled = [part.value for part in argument.values if isinstance(part, ast.FormattedValue)]
        return set().union(*map(foreign_parts, filled))
    if isinstance(argument, ast.IfExp):
        return foreign_parts(argument.body) | foreign_parts(argument.orelse)
    if isinstance(argument, ast.List | ast.Tuple):
        return set().union(*map(foreign_parts, argument.elts))
    text = ast.unparse(argument)
    if re.match(r"(page\.)?plain(\(|$)|len\(|ago\(", text):
        return set()
    return {text}
