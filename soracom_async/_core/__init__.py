"""Everything that decides: quota, token age, retry, cursors, paths. No clock, no task and no socket in here."""
