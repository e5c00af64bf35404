"""What roles may do, and what policies allow tenants."""
