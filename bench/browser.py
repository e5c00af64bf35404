"""A real Chromium that says when a person sees what was asked for."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

from bench.relay import Relay

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-features=LocalNetworkAccessChecks",
]
WINDOW = {"width": 1400, "height": 900}
PATIENCE = 60_000
Place = tuple[float, float]

# Looks into the components' open shadow roots, too.
WATCH = (
    f"const PATIENCE = {PATIENCE};"
    + """
(() => {
  const all = (root, selector) => {
    const found = [...root.querySelectorAll(selector)];
    for (const host of root.querySelectorAll("*")) {
      if (host.shadowRoot) found.push(...all(host.shadowRoot, selector));
    }
    return found;
  };
  window.seen = (wanted) => all(document, wanted.selector).filter(
    (one) => one.isConnected && (!wanted.text || one.textContent.includes(wanted.text))
  ).length >= (wanted.least ?? 1);
  window.when = (wanted) => new Promise((resolve) => {
    const look = () => {
      if (window.seen(wanted)) resolve(performance.now());
      else requestAnimationFrame(look);
    };
    look();
  });
  // What never comes is an error: a page that is waited for without end holds everything up.
  window.within = (promise, what) => Promise.race([promise, new Promise((_, reject) => setTimeout(
    () => reject(new Error(`waited too long for ${what} at ${location.href}`)), PATIENCE
  ))]);
  window.first = (selector) => all(document, selector)[0];
  // How often something has been written since it was first asked for.
  window.writings = (selector) => {
    const one = window.first(selector);
    if (one.writings === undefined) {
      one.writings = 0;
      new MutationObserver(() => { one.writings += 1; }).observe(
        one, { childList: true, characterData: true, subtree: true }
      );
    }
    return one.writings;
  };
})();
"""
)

# From the event that a page acts on until the frame is painted in which something looks otherwise.
# The look is taken after each frame, in a task that the frame's own work cannot be behind.
GESTURE = """
(event) => {
  const look = LOOKS;
  const before = look();
  const began = new Promise((resolve) => window.addEventListener(
    event, (one) => resolve(one.timeStamp), { capture: true, once: true }
  ));
  const afterFrame = (task) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = task;
    channel.port2.postMessage(null);
  });
  window.painted = began.then((start) => new Promise((resolve) => {
    const watch = () => {
      const now = performance.now();
      if (look() !== before) resolve(now - start);
      else afterFrame(watch);
    };
    afterFrame(watch);
  }));
}
"""
SETTLED = 500


@dataclass(frozen=True)
class Wanted:
    """What must be on the page: so many elements of a selector, holding a text."""

    selector: str
    text: str = ""
    least: int = 1

    def as_json(self) -> dict[str, object]:
        """Return it for the page's scripts."""
        return {"selector": self.selector, "text": self.text, "least": self.least}


@dataclass(frozen=True)
class Link:
    """The way between browser and server: bits a second, milliseconds, and encodings taken."""

    bits: float = 10e6
    latency: float = 40.0
    compressed: bool = True


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run the system's Chromium until the block ends."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        raise SystemExit("The figures need Chromium: install your system's package chromium.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visitor(browser: Browser, *, link: Link | None = None) -> Iterator[Page]:
    """Open a page in an empty browser, over a slow link if one is given."""
    context = browser.new_context(viewport=WINDOW)
    context.add_init_script(WATCH)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    if link is not None:
        _slow_down(page, link)
    try:
        yield page
    finally:
        context.close()


def first_load(browser: Browser, url: str, wanted: Wanted, *, link: Link | None = None) -> float:
    """Return the milliseconds from the navigation to the sight of something, browser empty."""
    with visitor(browser, link=link) as page:
        return load(page, url, wanted)


def load(page: Page, url: str, wanted: Wanted) -> float:
    """Return the milliseconds from the navigation to the sight of something."""
    page.goto(url, wait_until="commit")
    return wait_for(page, wanted)


def wait_for(page: Page, wanted: Wanted) -> float:
    """Wait until something is seen, and return the milliseconds since the navigation."""
    seen = "wanted => window.within(window.when(wanted), wanted.selector)"
    return float(page.evaluate(seen, wanted.as_json()))


def moved(browser: Browser, url: str, wanted: Wanted) -> int:
    """Return the bytes that a first load moves to the browser, headers and socket included."""
    parts = urlsplit(url)
    with Relay(f"{parts.scheme}://{parts.netloc}") as relay, visitor(browser) as page:
        load(page, f"{relay.url}{parts.path}", wanted)
        page.wait_for_load_state("networkidle")
        return relay.moved


def keystroke(page: Page, search: str, looks: str, word: str) -> float:
    """Return the milliseconds from a key to what it changes: the slowest of a word."""
    page.evaluate("search => window.first(search).focus()", search)
    return max(gesture(page, "input", looks, partial(page.keyboard.type, key)) for key in word)


def click(page: Page, place: Place, looks: str, *, event: str = "click") -> float:
    """Return the milliseconds from a click to what it changes, on a page that has come to rest.

    `event` is the one that the page acts on.
    """
    page.mouse.move(*place)
    page.wait_for_timeout(SETTLED)

    def press() -> None:
        page.mouse.down()
        page.mouse.up()

    return gesture(page, event, looks, press)


def gesture(page: Page, event: str, looks: str, act: Callable[[], None]) -> float:
    """Return the milliseconds from an event to the frame in which a look gives another result.

    `looks` is a JavaScript function that returns what can be compared.
    """
    page.evaluate(GESTURE.replace("LOOKS", looks), event)
    act()
    return float(page.evaluate("window.within(window.painted, 'a gesture')"))


def middle(page: Page, selector: str) -> Place:
    """Return the middle of an element of the page or of one of its components."""
    box = page.locator(selector).first.bounding_box()
    if box is None:
        raise RuntimeError(f"{selector} is not to be seen")
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def _slow_down(page: Page, link: Link) -> None:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": link.latency,
            "downloadThroughput": link.bits / 8,
            "uploadThroughput": link.bits / 8,
        },
    )
    if not link.compressed:
        plain = {"headers": {"Accept-Encoding": "identity"}}
        session.send("Network.setExtraHTTPHeaders", plain)
