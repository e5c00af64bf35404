"""What the tenants of one account share; nothing that belongs to one tenant."""
