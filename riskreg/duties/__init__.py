"""What falls due for whom, of every kind."""
