"""The one path of every request: quota, token, connection, answer, decision."""
