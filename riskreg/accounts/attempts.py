"""How often one may try to sign in: pure functions.

Counted apart are the attempts on one account from one client, those of one client on whatever
account, and those on one account from wherever. Nobody is kept out for what others did: who comes
from another client with the right password is let in, however often somebody else has failed. An
account that many clients try is slowed: each of them gets fewer attempts in a longer time. A
browser that has signed in to the account before is counted for itself alone, so that neither
neighbours behind the same address nor an attack take its attempts away.
"""

import datetime as dt
from dataclasses import dataclass

QUARTER = dt.timedelta(minutes=15)
HOUR = dt.timedelta(hours=1)

# Of one account, from one client or by one known browser, in a quarter of an hour.
ATTEMPTS = 8
# From one client on any accounts in a quarter of an hour: many people may share an address.
CLIENT_ATTEMPTS = 40
# Of one account from anywhere in an hour: that many are an attack, and its owner is told.
MANY_ATTEMPTS = 20
# What each client then has, in an hour.
SLOWED_ATTEMPTS = 2


@dataclass(frozen=True)
class Failures:
    """Failed attempts before this one.

    ``here`` and ``here_in_an_hour``: on this account from this client; ``client``: from this client
    on any account; ``elsewhere``: on this account from other clients in an hour; ``browser``: by
    this known browser, None when it is not one.
    """

    here: int = 0
    here_in_an_hour: int = 0
    client: int = 0
    elsewhere: int = 0
    browser: int | None = None


def time_to_wait(failures: Failures) -> dt.timedelta | None:
    """For how long at most no further attempt is taken; None while one is."""
    if failures.browser is not None:
        return QUARTER if failures.browser >= ATTEMPTS else None
    slowed = failures.elsewhere >= MANY_ATTEMPTS
    if slowed and failures.here_in_an_hour >= SLOWED_ATTEMPTS:
        return HOUR
    if failures.here >= ATTEMPTS or failures.client >= CLIENT_ATTEMPTS:
        return QUARTER
    return None


def is_account_under_attack(failures: Failures) -> bool:
    """Whether so many attempts on the account failed that its owner is to be told."""
    return failures.elsewhere + failures.here_in_an_hour >= MANY_ATTEMPTS
