"""The API's description: its document, made from the routes, and the page that shows it."""
