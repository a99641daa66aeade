"""Every change of an account and of what opens it."""

from riskreg.accounts.services.accounts import (
    MAX_TOKEN_DAYS,
    PREFERENCES,
    check_email_address,
    create_program_user,
    create_token,
    create_user,
    end_tokens_of_that_register_alone,
    log_change,
    replace_calendar_secret,
    revoke_calendar_feed,
    revoke_token,
    revoke_tokens_and_calendar,
    set_preferences,
)

__all__ = [
    "MAX_TOKEN_DAYS",
    "PREFERENCES",
    "check_email_address",
    "create_program_user",
    "create_token",
    "create_user",
    "end_tokens_of_that_register_alone",
    "log_change",
    "replace_calendar_secret",
    "revoke_calendar_feed",
    "revoke_token",
    "revoke_tokens_and_calendar",
    "set_preferences",
]
