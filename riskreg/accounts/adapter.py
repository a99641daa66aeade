"""Accounts are made by an operator or an invitation, never by strangers."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from riskreg.accounts.lockout import remember_browser
from riskreg.accounts.mails import page_address, send_account_mail
from riskreg.accounts.models import User
from riskreg.accounts.services.administration import set_password
from riskreg.kernel import clock
from riskreg.kernel.client import client_key_or_empty

MAILS = {
    "password_reset_key": "new_password",
    "password_reset": "password_changed",
    "password_changed": "password_changed",
    "password_set": "password_changed",
}
"""Mails that the library wants to send, and which of ours is sent instead."""
PASSWORD_MESSAGES = ("account/messages/password_changed.txt", "account/messages/password_set.txt")


class ClosedSignupAdapter(DefaultAccountAdapter):  # type: ignore[misc] # allauth has no types
    """Sign-in and password reset, without sign-up; in the product's words."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _(
            "This address and this password do not belong together. Look at both, or set a new "
            "password below."
        ),
        "too_many_login_attempts": _("Too many attempts. Wait a few minutes and try again."),
        "rate_limited": _("Too many attempts. Wait a few minutes and try again."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Where the new password is set: at ``BASE_URL``, whatever host the request named."""
        uid, _dash, secret = key.partition("-")
        return page_address("account_reset_password_from_key", uidb36=uid, key=secret)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send ours instead of the library's. Raises ``LookupError`` where there is none yet."""
        send_account_mail(
            MAILS[template_prefix.rpartition("/")[2]],
            user=context["user"],
            url=context.get("password_reset_url", ""),
        )

    def send_notification_mail(
        self,
        template_prefix: str,
        user: AbstractBaseUser,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Tell ``user`` what was done with their account."""
        assert isinstance(user, User)  # noqa: S101 - AUTH_USER_MODEL
        self.send_mail(template_prefix, user.email, {"user": user, **(context or {})})

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        """Say that a password was changed; that one is signed in, or out, is plain anyway."""
        if message_template in PASSWORD_MESSAGES:
            messages.success(request, _("Your password was changed."))

    def get_client_ip(self, request: HttpRequest) -> str:
        """The client that allauth's own limits count; it asks for a name for it, of any kind."""
        return client_key_or_empty(request) or "unknown"

    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        """What one does oneself: by the old one, or by a link that came by mail."""
        assert isinstance(user, User)  # noqa: S101 - there are no others
        set_password(user=user, password=password, at=clock.now(), actor_for_log=user)

    def post_login(
        self, request: HttpRequest, user: AbstractBaseUser, **kwargs: Any
    ) -> HttpResponse:
        """Where to after signing in; the browser is one that was in before from now on."""
        response: HttpResponse = super().post_login(request, user, **kwargs)
        remember_browser(request, response, user.get_username())
        return response
