"""One or several connectors on screen: page, dialogs, bulk actions, trash, set-up; no data."""
