"""For how long what is personal is kept, in days; 0: for good. Deleted by ``operations.forget``."""

import environ


def kept_days(env: environ.Env) -> int:
    """Who signed in when, from where and with which browser."""
    days: int = env.int("KEEP_SIGN_INS_DAYS", default=90)
    return days
