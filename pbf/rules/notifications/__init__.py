"""Pure decisions about notifications: when a message is sent, and what may be an address."""
