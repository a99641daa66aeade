"""For how long what is personal is kept, in days; deleted by ``operations.forget``."""

import environ


def kept_days(env: environ.Env) -> tuple[int, int]:
    """Who signed in when, from where and with which browser; what messages said (0: for good)."""
    sign_ins: int = env.int("KEEP_SIGN_INS_DAYS", default=90)
    messages: int = env.int("KEEP_MESSAGES_DAYS", default=365)
    return sign_ins, messages
