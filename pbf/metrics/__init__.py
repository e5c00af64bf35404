"""What the process says of itself: metrics, traces, outages; what they are read from is elsewhere."""
