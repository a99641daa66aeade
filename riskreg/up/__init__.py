"""Starting all servers with one command, watching them, and leaving none behind."""
