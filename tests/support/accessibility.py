"""What axe finds on a page, by the rules of WCAG 2.2 AA."""

from collections.abc import Sequence
from typing import Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

Scheme = Literal["light", "dark"]

LEVELS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
OPTIONS = {"runOnly": {"type": "tag", "values": list(LEVELS)}, "resultTypes": ["violations"]}
# The rules that look at colours. Only these can differ between the two schemes.
OF_COLOURS = ("color-contrast", "link-in-text-block")
SERIOUS = {"serious", "critical"}
# Whether every animation has ended, save those that never do, also within components, and nothing
# is faded because its script runs again.
SETTLED = """() => !document.querySelector("[data-stale=true]") && [
    document,
    ...[...document.querySelectorAll("*")].map(element => element.shadowRoot).filter(Boolean),
].flatMap(root => root.getAnimations()).every(animation =>
    animation.playState !== "running" ||
    animation.effect.getComputedTiming().iterations === Infinity)"""
# Streamlit follows the visitor's system by a script, other pages by CSS at once.
FOLLOWS = """scheme => {
    const app = document.querySelector("[data-testid=stApp]");
    return app
        ? getComputedStyle(app).colorScheme === scheme
        : matchMedia(`(prefers-color-scheme: ${scheme})`).matches;
}"""
# Swagger UI puts each route's link inside the button that opens it, and offers no other way to
# draw them. Both are reached by Tab, and both lead to the same description.
FOREIGN = (("nested-interactive", ".opblock-summary-control"),)


def troubles(
    page: Page, *, within: str | None = None, rules: Sequence[str] | None = None
) -> list[str]:
    """What axe finds that keeps somebody out, on all of a page or in a part: rule and place.

    With `rules`, only by these.
    """
    # While a dialog grows, what is in it is too small to press.
    page.wait_for_function(SETTLED)
    # A dialog locks the page's scrolling, and axe takes what lies beyond the empty body for hidden.
    page.evaluate("document.documentElement.style.overflow = 'visible'")
    by_rules = {"runOnly": {"type": "rule", "values": list(rules)}} if rules else {}
    response = Axe().run(page, context=within, options={**OPTIONS, **by_rules}).response
    looked_at = {violation["id"] for violation in response["violations"] + response["passes"]}
    assert "color-contrast" in looked_at
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in response["violations"]
        if violation["impact"] in SERIOUS
        for node in violation["nodes"]
        if not any(
            violation["id"] == rule and part in str(node["target"]) for rule, part in FOREIGN
        )
    ]


def turn(page: Page, scheme: Scheme) -> None:
    """Change the scheme of the visitor's system, and wait until the page follows."""
    page.emulate_media(color_scheme=scheme)
    page.wait_for_function(FOLLOWS, arg=scheme)


def troubles_in_both_schemes(page: Page, *, within: str | None = None) -> list[str]:
    """What axe finds on a page of the light scheme, and when it has turned dark."""
    in_light = troubles(page, within=within)
    turn(page, "dark")
    in_dark = troubles(page, within=within, rules=OF_COLOURS)
    turn(page, "light")
    return in_light + [f"in the dark scheme: {trouble}" for trouble in in_dark]
