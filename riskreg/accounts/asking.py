"""Asking the person at a terminal for a password."""

import getpass
from collections.abc import Callable

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from riskreg.accounts.models import User

TRIES = 3


def ask_password(user: User, say: Callable[[str], object]) -> str:
    """A password typed twice that is good enough for ``user``; ``say`` gets what is wrong with one.

    Raises ``CommandError`` after three tries.
    """
    for _n in range(TRIES):
        first = getpass.getpass("Password: ")
        if first != getpass.getpass("Password (again): "):
            say("They are not the same.")
            continue
        try:
            validate_password(first, user)
        except ValidationError as error:
            say("\n".join(error.messages))
            continue
        return first
    raise CommandError(f"No password was set, after {TRIES} tries.")
