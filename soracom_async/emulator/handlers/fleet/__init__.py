"""SIMs: their life, groups, usage, and downlinks to them."""
