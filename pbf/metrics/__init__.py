"""What the process says of itself: metrics and outages; what they are read from is elsewhere."""
