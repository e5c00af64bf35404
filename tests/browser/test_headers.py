"""Every page with all headers on: nothing is refused that it needs, and nothing complains."""

import json

from playwright.sync_api import expect

PAGES = ("/", "/services", "/connect?service=google_sheets", "/connectors")
LISTEN = """
window.refused = [];
document.addEventListener("securitypolicyviolation", event =>
  window.refused.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
"""


def test_no_page_is_refused_anything_and_all_are_protected(product, visit):
    visitor = visit(product)
    page, policies = visitor.page, {}
    listener = page.add_init_script(LISTEN)
    page.on("response", lambda answer: _note(policies, answer))
    own = json.loads(page.request.get(f"{product}/_/connectors").text())[0]["id"]

    refused = {}
    for path in (*PAGES, f"/connector?id={own}", f"/tables?id={own}", "/_/return?state=forged"):
        page.goto(product + path)
        visitor.settle()
        refused[path] = page.evaluate("window.refused")
    page.goto(f"{product}/_/docs")
    expect(page.locator(".opblock").first).to_be_visible()
    refused["/_/docs"] = page.evaluate("window.refused")
    page.goto(f"{product}/_/invited?state=forged")
    refused["/_/invited"] = page.evaluate("window.refused")
    listener.close()

    assert refused == {path: [] for path in refused}
    assert len(policies) >= 9
    assert all("frame-ancestors 'none'" in policy for policy in policies.values())
    assert not any("'unsafe-eval'" in policy for policy in policies.values())


def test_the_policy_is_in_force(product, visit):
    visitor = visit(product)

    ran = visitor.page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.text = "window.ran = true";
          document.head.append(script);
          return Boolean(window.ran);
        }"""
    )

    assert ran is False
    assert "Content Security Policy" in visitor.complaints.pop()


def _note(policies: dict[str, str], answer) -> None:
    if answer.headers.get("content-type", "").startswith("text/html"):
        policies[answer.url] = answer.headers.get("content-security-policy", "")
