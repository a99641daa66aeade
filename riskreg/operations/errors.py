"""What an operator is told when something is not done."""


class Refused(Exception):
    """Nothing was changed; the message says why and what helps."""
