"""What shows that a write took effect, and what forbids one that was decided on earlier."""
