"""A real Chromium that measures when a page shows what was asked for."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from functools import partial

from playwright.sync_api import Browser, Page, ProxySettings, ViewportSize, sync_playwright

from bench.relay import Line, Relay

# Of the tests' Chromium as well.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # Chromium reads only the last list of features, so this one replaces Playwright's. With the
    # pop-ups of the address bar, each new page would start a second renderer, for them alone.
    "--disable-features=LocalNetworkAccessChecks,"
    "WebUIOmniboxPopup,WebUIOmniboxFullPopup,WebUIOmniboxAimPopup",
]
WINDOW: ViewportSize = {"width": 1400, "height": 900}
TIMEOUT_MS = 60_000
Point = tuple[float, float]

# Searches the open shadow roots of the components as well.
WATCH = (
    f"const TIMEOUT_MS = {TIMEOUT_MS};"
    + """
(() => {
  // The first screen, which is there before Streamlit, counts only if it is asked for.
  const all = (root, selector, first) => {
    const elements = [...root.querySelectorAll(selector)];
    for (const host of root.querySelectorAll("*")) {
      if (!host.shadowRoot || (!first && host.closest("#pbf-first"))) continue;
      elements.push(...all(host.shadowRoot, selector, first));
    }
    return elements;
  };
  window.isShown = ({ selector, text, least, first }) => all(document, selector, first).filter(
    (element) => element.isConnected && (!text || element.textContent.includes(text))
  ).length >= (least ?? 1);
  window.whenShown = (condition) => new Promise((resolve) => {
    const check = () => {
      if (window.isShown(condition)) resolve(performance.now());
      else requestAnimationFrame(check);
    };
    check();
  });
  // Resolves once the frame that shows it is painted, with the fonts that it waits for.
  const frame = () => new Promise((resolve) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => resolve(performance.now());
    channel.port2.postMessage(null);
  }));
  window.whenPainted = async (condition) => {
    await window.whenShown(condition);
    if (document.fonts.status === "loading") await document.fonts.ready;
    return frame();
  };
  // Raises an error in place of waiting without end.
  window.withTimeout = (promise, what) => Promise.race([promise, new Promise((_, reject) => {
    const error = new Error(`timed out waiting for ${what} at ${location.href}`);
    setTimeout(() => reject(error), TIMEOUT_MS);
  })]);
  window.first = (selector) => all(document, selector)[0];
  // Counts the changes to an element since the first call for it.
  window.changeCount = (selector) => {
    const element = window.first(selector);
    if (element.changeCount === undefined) {
      element.changeCount = 0;
      new MutationObserver(() => { element.changeCount += 1; }).observe(
        element, { childList: true, characterData: true, subtree: true }
      );
    }
    return element.changeCount;
  };
})();
"""
)

# Measures from the event that the page handles to the first painted frame in which the probe's
# result differs. The probe runs after each frame, in a task of its own.
GESTURE = """
(event) => {
  const probe = PROBE;
  const before = probe();
  const started = new Promise((resolve) => window.addEventListener(
    event, ({ timeStamp }) => resolve(timeStamp), { capture: true, once: true }
  ));
  const afterFrame = (task) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = task;
    channel.port2.postMessage(null);
  });
  window.painted = started.then((start) => new Promise((resolve) => {
    const watch = () => {
      const now = performance.now();
      if (probe() !== before) resolve(now - start);
      else afterFrame(watch);
    };
    afterFrame(watch);
  }));
}
"""
SETTLE_MS = 500
HOST = "127.0.0.1"


@dataclass(frozen=True)
class Condition:
    """What the page must show: at least so many elements that match a selector and hold a text."""

    selector: str
    text: str = ""
    least: int = 1
    # Whether what is shown before Streamlit has started counts.
    first: bool = False

    def as_json(self) -> dict[str, object]:
        """Return it as an argument for the page's scripts."""
        return asdict(self)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run the system's Chromium until the block ends."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        raise SystemExit("The benchmarks need Chromium: install your system's package chromium.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visitor(
    browser: Browser, *, relay: Relay | None = None, compressed: bool = True, cookie: str = ""
) -> Iterator[Page]:
    """Open a page in a browser without caches, through a relay if one is given.

    `cookie` is that of a session on this machine.
    """
    context = browser.new_context(
        viewport=WINDOW,
        # Chromium asks this machine directly unless it is excepted from that.
        proxy=ProxySettings(server=relay.url, bypass="<-loopback>") if relay else None,
        extra_http_headers=None if compressed else {"Accept-Encoding": "identity"},
    )
    if cookie:
        context.add_cookies([{"name": "pbf", "value": cookie, "domain": HOST, "path": "/"}])
    context.add_init_script(WATCH)
    page = context.new_page()
    page.set_default_timeout(TIMEOUT_MS)
    try:
        yield page
    finally:
        context.close()


def first_load(
    browser: Browser,
    url: str,
    condition: Condition,
    *,
    line: Line | None = None,
    compressed: bool = True,
    cookie: str = "",
) -> float:
    """Return the milliseconds from navigation to the condition, without browser caches."""
    with (
        Relay(line) if line else nullcontext() as relay,
        visitor(browser, relay=relay, compressed=compressed, cookie=cookie) as page,
    ):
        return load(page, url, condition)


def first_paint(browser: Browser, url: str, condition: Condition) -> float:
    """Return the milliseconds until a frame with the condition is painted, without caches."""
    with visitor(browser) as page:
        # From the start of the document, since the frame may be the first one.
        page.add_init_script(
            f"window.shown = window.whenPainted({json.dumps(condition.as_json())})"
        )
        page.goto(url, wait_until="commit")
        return float(page.evaluate("window.withTimeout(window.shown, 'the first paint')"))


def load(page: Page, url: str, condition: Condition) -> float:
    """Return the milliseconds from navigation to the condition."""
    page.goto(url, wait_until="commit")
    return wait_for(page, condition)


def wait_for(page: Page, condition: Condition) -> float:
    """Wait for the condition, and return the milliseconds since navigation."""
    script = "condition => window.withTimeout(window.whenShown(condition), condition.selector)"
    return float(page.evaluate(script, condition.as_json()))


def bytes_received(browser: Browser, url: str, condition: Condition) -> int:
    """Return the bytes that a first load receives: headers, the WebSocket and icons included."""
    with Relay() as relay, visitor(browser, relay=relay) as page:
        load(page, url, condition)
        page.wait_for_load_state("networkidle")
        return relay.received


def keystroke(page: Page, search: str, probe: str, word: str) -> float:
    """Return the milliseconds from a key to its effect: the slowest key of a word."""
    page.evaluate("search => window.first(search).focus()", search)
    return max(gesture(page, "input", probe, partial(page.keyboard.type, key)) for key in word)


def click(page: Page, point: Point, probe: str, *, event: str = "click") -> float:
    """Return the milliseconds from a click to its effect, on an idle page.

    `event` is the event that the page handles.
    """
    page.mouse.move(*point)
    page.wait_for_timeout(SETTLE_MS)

    def press() -> None:
        page.mouse.down()
        page.mouse.up()

    return gesture(page, event, probe, press)


def gesture(page: Page, event: str, probe: str, act: Callable[[], None]) -> float:
    """Return the milliseconds from an event to the frame in which the probe's result changes.

    `probe` is a JavaScript function that returns a comparable value.
    """
    page.evaluate(GESTURE.replace("PROBE", probe), event)
    act()
    return float(page.evaluate("window.withTimeout(window.painted, 'a gesture')"))


def middle(page: Page, selector: str) -> Point:
    """Return the middle of an element of the page or of one of its components."""
    box = page.locator(selector).first.bounding_box()
    if box is None:
        raise RuntimeError(f"{selector} is not visible")
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
