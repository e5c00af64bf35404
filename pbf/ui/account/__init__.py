"""Who looks at a page: the row at its top, the menu by role, prompts without session or tenant."""
