"""Event handlers, batches and Soralets: the handlers."""
