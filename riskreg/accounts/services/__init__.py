"""Every change of an account and of what opens it."""

from riskreg.accounts.services.accounts import (
    MAX_TOKEN_DAYS,
    PREFERENCES,
    check_address,
    create_token,
    create_user,
    end_access,
    log_change,
    make_feed,
    revoke_feed,
    revoke_token,
    set_preferences,
)

__all__ = [
    "MAX_TOKEN_DAYS",
    "PREFERENCES",
    "check_address",
    "create_token",
    "create_user",
    "end_access",
    "log_change",
    "make_feed",
    "revoke_feed",
    "revoke_token",
    "set_preferences",
]
