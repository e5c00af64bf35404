"""A day of the sandbox's time with kills, restarts, outages and upgrades, while people work on."""
