"""Routes that other systems call when something happened; a signature says who calls."""
