"""SORA Cam."""
