"""Orders, payments and bills."""
