"""Between django-axes, which asks before each attempt to sign in and hears of how it ended, and
``sign_in``, which counts.

axes alone cannot tell accounts apart here: the name under which it looks for one is not the one
that allauth sends, and one limit serves all of its counts.
"""

import secrets
from collections.abc import Mapping
from typing import Any, NoReturn

from axes.handlers.base import AbstractAxesHandler, AxesBaseHandler
from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from riskreg.accounts.attempts import QUARTER
from riskreg.accounts.services.sign_in import (
    Attempt,
    account_hash,
    clear_failures_on_sign_in,
    log_refused_attempt,
    record_failed_sign_in,
    wait_before_attempt_or_none,
)
from riskreg.kernel import clock, security_log
from riskreg.kernel.client import client_key_or_empty

# What a form or a library may call the address of an account.
_NAMES = ("email", "login", "username")
BROWSER_COOKIE = "known_browser"
_BROWSER_SECONDS = 180 * 24 * 3600
_signer = signing.TimestampSigner(salt="riskreg.accounts.browser")


def attempt_of(request: HttpRequest, credentials: Mapping[str, Any] | None = None) -> Attempt:
    """Who tries to get in, and from where."""
    given = credentials or {}
    found = (given.get(name) or request.POST.get(name) for name in _NAMES)
    address = next((text for text in found if isinstance(text, str) and text), "")
    return Attempt(
        address, client_key_or_empty(request), _known_browser_id_or_empty(request, address)
    )


def remember_browser(request: HttpRequest, response: HttpResponse, address: str) -> None:
    """Mark the browser as one that has signed in to the account of ``address``."""
    browser = _known_browser_id_or_empty(request, address) or secrets.token_hex(16)
    response.set_cookie(
        BROWSER_COOKIE,
        _signer.sign(f"{account_hash(address)}.{browser}"),
        max_age=_BROWSER_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _known_browser_id_or_empty(request: HttpRequest, address: str) -> str:
    """The id of a browser that is known to the account; empty for any other."""
    try:
        text = _signer.unsign(request.COOKIES.get(BROWSER_COOKIE, ""), max_age=_BROWSER_SECONDS)
    except signing.BadSignature:
        return ""
    account, _, browser = text.partition(".")
    return browser if account == account_hash(address) else ""


class SignInHandler(AbstractAxesHandler, AxesBaseHandler):  # type: ignore[misc] # axes has none
    """What axes calls."""

    def is_locked(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        """Whether the attempt is refused before the password is looked at."""
        return (
            wait_before_attempt_or_none(attempt_of(request, credentials), clock.now()) is not None
        )

    def get_failures(
        self, request: HttpRequest, credentials: dict[str, Any] | None = None
    ) -> NoReturn:
        """Not asked for: ``is_locked`` decides."""
        raise NotImplementedError

    def user_login_failed(
        self,
        sender: Any,
        credentials: dict[str, Any],
        request: HttpRequest | None = None,
        **_rest: Any,
    ) -> None:
        """Count it, unless it was refused unseen: waiting is not made longer by trying."""
        if request is None or request.axes_locked_out:  # type: ignore[attr-defined]
            return
        name = str(getattr(request, "id", ""))[:64]
        waits = record_failed_sign_in(attempt_of(request, credentials), clock.now(), name)
        request.axes_locked_out = waits  # type: ignore[attr-defined]

    def user_logged_in(
        self, sender: Any, request: HttpRequest | None, user: Any, **_rest: Any
    ) -> None:
        """Forget what failed here."""
        if request is not None:
            clear_failures_on_sign_in(attempt_of(request, {"email": user.email}), user.uuid)

    def user_logged_out(self, sender: Any, request: Any, user: Any, **_rest: Any) -> None:
        """Nothing to count."""
        if user is not None:
            security_log.write_line("signed_out", user.uuid)


def wait_page(
    request: HttpRequest, response: HttpResponse | None, credentials: dict[str, Any] | None
) -> HttpResponse:
    """The page for who has to wait: says for how long, and the way around it."""
    attempt = attempt_of(request, credentials)
    wait = wait_before_attempt_or_none(attempt, clock.now()) or QUARTER
    log_refused_attempt(attempt)
    minutes = int(wait.total_seconds() // 60)
    page = render(request, "account/lockout.html", {"minutes": minutes}, status=429)
    page["Retry-After"] = str(int(wait.total_seconds()))
    return page
