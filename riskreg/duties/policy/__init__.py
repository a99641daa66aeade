"""When a duty is told of, and what it is to whom. Pure functions of values and a day."""
