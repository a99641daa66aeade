"""Reading comments, and what they can be about."""
