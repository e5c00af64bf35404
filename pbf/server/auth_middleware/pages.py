"""What a request without a session gets: the way to sign in, or a page that says what happened."""

import json
from collections.abc import Iterable
from urllib.parse import quote

from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Scope

from pbf.paths import PREFIX
from pbf.server.security_headers import digest_source, policy

SIGN_IN = f"{PREFIX}/sign-in"
# In characters, percent-encoded.
LONGEST_NEXT = 2000
NOT_CACHED = {"Cache-Control": "no-store", "Vary": "Cookie"}
# Printable ASCII except what ends a query or would be read differently by a browser.
SAFE_IN_QUERY = "%!$&'()*+,-./:;=?@_~"

STYLE = """
:root { color-scheme: light dark; }
body { display: grid; place-content: center; min-height: 90vh; margin: 0; padding: 24px;
  font: 17px/1.6 system-ui, sans-serif; color: light-dark(#1d2733, #e9eef5);
  background: light-dark(#fff, #11161d); }
main { max-width: 34rem; }
h1 { margin: 0 0 8px; font-size: 26px; line-height: 1.25; }
p { margin: 0 0 12px; color: light-dark(#4d5a6b, #a9b6c6); }
"""
# A message to an origin that is not the ancestor's would only be logged as an error.
SCRIPT = """
const origins = %s;
let ancestor = window;
for (let level = 0; ancestor !== ancestor.parent; level++) {
  ancestor = ancestor.parent;
  for (const origin of origins) {
    if (!location.ancestorOrigins || location.ancestorOrigins[level] === origin) {
      ancestor.postMessage({type: "pbf:session-ended"}, origin);
    }
  }
}
"""
SESSION_ENDED = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Your session has ended</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>Your session has ended</h1>
<p>Reload the page around this one, or open it again, to continue.</p>
</main>
<script>{script}</script>
</body>
</html>
"""


def sign_in_redirect(scope: Scope) -> Response:
    """Return a redirect to the sign-in page, which leads back to the requested page."""
    target = f"{SIGN_IN}?next={_next(scope)}"
    return RedirectResponse(target, status_code=303, headers=NOT_CACHED)


def session_ended_page(frame_ancestors: Iterable[str]) -> Response:
    """Return the page for a frame, which also tells the pages around it that the session ended."""
    origins = json.dumps(list(frame_ancestors)).replace("<", "\\u003c")
    script = SCRIPT % origins
    content_policy = policy(
        script_src=digest_source(script.encode()),
        style_src=digest_source(STYLE.encode()),
        frame_ancestors=" ".join(frame_ancestors) or "'none'",
    )
    return HTMLResponse(
        SESSION_ENDED.format(style=STYLE, script=script),
        status_code=401,
        headers={**NOT_CACHED, "Content-Security-Policy": content_policy},
    )


def _next(scope: Scope) -> str:
    """Return the requested path and query, percent-encoded; without the query if too long."""
    path = "/" + quote(scope["path"].lstrip("/"), errors="replace")
    query = quote(scope["query_string"], safe=SAFE_IN_QUERY)
    choices = (f"{path}?{query}" if query else path, path)
    encoded = (quote(choice, safe="") for choice in choices)
    return next((text for text in encoded if len(text) <= LONGEST_NEXT), quote("/", safe=""))
