"""Who calls: a program with a bearer token, or a person with the session of their browser."""

import datetime as dt
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from riskreg.accounts.models import ApiToken, Scope, User
from riskreg.accounts.queries import is_live, live_token_or_none, token_live_or_not
from riskreg.accounts.services.last_use import (
    log_first_use_of_day,
    log_refused_token,
    note_day_of_use,
)
from riskreg.api.core.errors import SAFE, Problem
from riskreg.kernel import clock
from riskreg.kernel.besides import write_or_log_failure
from riskreg.kernel.capacity import remember_account_of_caller
from riskreg.kernel.client import client_ip_or_empty
from riskreg.register.access import find_token_and_membership

CHALLENGE = 'Bearer realm="riskreg"'


class BearerAuthentication(BaseAuthentication):
    """``Authorization: Bearer <token>``. Another scheme is left to whoever comes next."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """The token's user and row. Raises ``AuthenticationFailed`` with the way out."""
        scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = token.strip()
        at = moment_of_request(request)
        row = _live_token_setting_membership(request, token, at)
        if row is None:
            log_refused_token(token)
            raise AuthenticationFailed(_why_refused(token, at))
        log_first_use_of_day(
            row, client_ip_or_empty(http := getattr(request, "_request", request)), at.date()
        )
        remember_account_of_caller(http, row.user_id)
        if row.last_used_on != at.date():
            write_or_log_failure("token_used", lambda: note_day_of_use(row, at.date()))
        return row.user, row

    def authenticate_header(self, request: Request) -> str:
        """What a 401 says in WWW-Authenticate."""
        sent = request.headers.get("Authorization", "")
        return CHALLENGE + (', error="invalid_token"' if sent else "")


def moment_of_request(request: Any) -> dt.datetime:
    """The one reading of the clock for this request."""
    http = getattr(request, "_request", request)
    read_at: dt.datetime | None = getattr(http, "read_at", None)
    if read_at is None:
        http.read_at = read_at = clock.now()
    return read_at


class ScopePermission(BasePermission):
    """What a token's scope lets through. What the user may do is the services' to say.

    ``read``: safe methods; ``write``: all; ``ingest``: only views that take readings
    (``takes_readings``). ``any_scope`` marks what every token may ask.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        """Raises ``Problem`` 403 that names the scope that is needed."""
        if not request.user.is_authenticated:
            return False
        scope = getattr(request.auth, "scope", None)
        if scope is None or scope == Scope.WRITE or getattr(view, "any_scope", False):
            return True
        if scope == Scope.READ and request.method in SAFE:
            return True
        if scope == Scope.INGEST and getattr(view, "takes_readings", False):
            return True
        needed = "read or write" if request.method in SAFE else "write"
        raise Problem(
            403,
            _("This token has the scope “%(scope)s”; here one of scope %(needed)s is needed.")
            % {"scope": scope, "needed": needed},
        )


def _live_token_setting_membership(request: Any, token: str, at: dt.datetime) -> ApiToken | None:
    """The row of ``token``, if it is live. At an address in a register it is read together with its
    user's membership there, which the request keeps as ``membership``."""
    slug = request.parser_context["kwargs"].get("slug")
    found = find_token_and_membership(token, slug) if slug else None
    if found is None:
        return live_token_or_none(token, at)
    row, membership = found
    if not is_live(row, at):
        return None
    request.membership = membership
    return row


def _why_refused(token: str, at: dt.datetime) -> str:
    """Only who holds the token itself is told what became of it."""
    row = token_live_or_not(token)
    why = _("%(why)s Make a new one under Settings, API tokens, or by manage.py create_token.")
    if row is None:
        return why % {"why": _("This token is not known. Check that it was copied whole.")}
    if row.revoked_at:
        return why % {"why": _("This token was revoked.")}
    if row.expires_at <= at:
        ended = _("This token expired on %(day)s.") % {"day": f"{row.expires_at:%Y-%m-%d}"}
        return why % {"why": ended}
    return _("This token's account is not active any more. Ask who runs the system.")
