"""Thirty days of sync history while sources fail, lie and fall silent, compared with the truth."""
