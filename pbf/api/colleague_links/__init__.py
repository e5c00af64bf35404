"""Links for colleagues: the pages that they open, and the routes that make and revoke links."""
