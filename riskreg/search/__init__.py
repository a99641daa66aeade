"""Finding anything in a register by its words: every noun, in one place, within the boundary."""
