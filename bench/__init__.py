"""Speed as a ratio: each thing measured beside a floor, in the same run. See ``__main__``."""
