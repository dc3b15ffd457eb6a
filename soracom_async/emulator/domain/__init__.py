"""What is true of each topic, without a request: rules over records."""
