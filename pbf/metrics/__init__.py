"""What the process says of itself: metrics, traces and outages, read from elsewhere."""
