"""What the Notifications screen shows: channels, the form of one, and its log."""
