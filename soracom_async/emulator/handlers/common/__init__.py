"""What the handlers of several areas share."""
