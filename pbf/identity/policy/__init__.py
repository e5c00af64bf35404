"""The policy file: reading it, its keys, and what the tenants in it may see and do."""
