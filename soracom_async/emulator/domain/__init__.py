"""The rules of each topic, as functions of records; they know no request."""
