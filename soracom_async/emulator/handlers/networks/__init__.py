"""Virtual Private Gateways."""
