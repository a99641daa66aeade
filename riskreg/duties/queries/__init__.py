"""What falls due, as lists for people and programs."""
