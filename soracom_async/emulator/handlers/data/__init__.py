"""What devices sent, files, and analysis."""
