"""What becomes of attempts to sign in: counted, slowed, told to the owner, forgiven."""

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Q

from riskreg.accounts.attempts import HOUR, QUARTER, Failures, is_account_under_attack, time_to_wait
from riskreg.accounts.models import SignInFailure, User
from riskreg.accounts.notices import tell_owner
from riskreg.events.services import Entry, append
from riskreg.kernel import security_log
from riskreg.kernel.security_log import keyed_hash
from riskreg.kernel.text import is_storable

KEPT = dt.timedelta(days=1)
# Whether the next attempt of the same kind is not taken at once.
MustWait = bool


def account_hash(address: str) -> str:
    """The hash of an account by the mail address typed for it, whether there is one or not.

    However its letters are typed: PostgreSQL finds accounts by capitals, and there are small
    letters besides ours (ſ, ı) whose capitals are those of s and i.
    """
    return keyed_hash("account", address.strip().upper().lower())


def client_hash(network: str) -> str:
    """The hash of a client by its network."""
    return keyed_hash("client", network)


@dataclass(frozen=True)
class Attempt:
    """An attempt to sign in to the account of ``address`` from ``network``.

    ``browser`` is the id of a browser known to the account, else empty.
    """

    address: str
    network: str
    browser: str = ""

    @property
    def account_hash(self) -> str:
        """The hash of the account."""
        return account_hash(self.address)

    @property
    def client_hash(self) -> str:
        """The hash of the client."""
        return client_hash(self.network)


def wait_before_attempt_or_none(attempt: Attempt, at: dt.datetime) -> dt.timedelta | None:
    """For how long at most the attempt is not taken; None when it is."""
    return time_to_wait(_counts_of_recent_failures(attempt, at))


@transaction.atomic
def record_failed_sign_in(attempt: Attempt, at: dt.datetime, request_id: str = "") -> MustWait:
    """Count a failed attempt; whether the next one has to wait.

    Tells the owner, once a day, when too many have failed on the account.
    """
    SignInFailure.objects.filter(at__lt=at - KEPT).delete()
    SignInFailure.objects.create(
        account=attempt.account_hash, client=attempt.client_hash, browser=attempt.browser, at=at
    )
    failures = _counts_of_recent_failures(attempt, at)
    waits = time_to_wait(failures) is not None
    security_log.write_line(
        "sign_in_failed",
        **_hashes_for_log(attempt),
        known_browser=bool(attempt.browser),
        waits=waits,
    )
    if is_account_under_attack(failures):
        _tell_owner_of_attack_once_a_day(attempt, at, request_id)
    return waits


@transaction.atomic
def clear_failures_on_sign_in(attempt: Attempt, account: uuid.UUID) -> None:
    """Forget what failed on this account from this client or by this browser, and nothing else."""
    mine = Q(client=attempt.client_hash, browser="")
    if attempt.browser:
        mine |= Q(browser=attempt.browser)
    SignInFailure.objects.filter(mine, account=attempt.account_hash).delete()
    security_log.write_line("signed_in", account, **_hashes_for_log(attempt))


def log_refused_attempt(attempt: Attempt) -> None:
    """An attempt was not looked at: the client, or everybody on this account, has to wait."""
    security_log.write_line("sign_in_refused", **_hashes_for_log(attempt))


@transaction.atomic
def delete_failed_attempts(*, address: str = "", network: str = "") -> int:
    """Let an account, a client, or with neither everybody try again at once; how many were there.

    What an operator does for somebody who is kept out, and what setting a new password does for
    one's own account.
    """
    rows = SignInFailure.objects.all()
    if address:
        rows = rows.filter(account=account_hash(address))
    if network:
        rows = rows.filter(client=client_hash(network))
    return rows.delete()[0]


def _hashes_for_log(attempt: Attempt) -> dict[str, str]:
    return {"tried": attempt.account_hash[:12], "client": attempt.client_hash[:12]}


def _counts_of_recent_failures(attempt: Attempt, at: dt.datetime) -> Failures:
    account = Q(account=attempt.account_hash)
    known = attempt.browser
    if known:
        by_browser = SignInFailure.objects.filter(account, browser=known, at__gt=at - QUARTER)
        return Failures(browser=by_browser.count())
    client = Q(client=attempt.client_hash)
    lately = Q(at__gt=at - QUARTER)
    counted = SignInFailure.objects.filter(
        account | client, browser="", at__gt=at - HOUR
    ).aggregate(
        here=Count("pk", filter=account & client & lately),
        here_in_an_hour=Count("pk", filter=account & client),
        from_client=Count("pk", filter=client & lately),
        elsewhere=Count("pk", filter=account & ~client),
    )
    counted["client"] = counted.pop("from_client")
    return Failures(**counted)


def _tell_owner_of_attack_once_a_day(attempt: Attempt, at: dt.datetime, request_id: str) -> None:
    address = attempt.address.strip()
    if not is_storable(address):
        return
    user = User.objects.filter(email__iexact=address, is_active=True).first()
    if user is None:
        return
    message = tell_owner(user, "attempts", at, key=f"attempts:{user.uuid}:{at:%Y-%m-%d}")
    if message is None:
        return
    security_log.write_line("sign_in_under_attack", **_hashes_for_log(attempt))
    append(
        Entry(
            audience=None,
            verb="user.sign_in_slowed",
            subject_type="user",
            subject_uuid=user.uuid,
            subject_ref=str(user.uuid),
            at=at,
            request_id=request_id,
        )
    )
