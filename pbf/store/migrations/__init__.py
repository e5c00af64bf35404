"""How the store's tables came to be, step by step; the store applies what is missing at start."""
