"""SIMs: their life, their groups, their use, what is sent to them."""
