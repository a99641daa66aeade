"""Mails about an account itself: in its owner's language, in the product's words.

They are sent at once and not through the outbox: what they carry (a way to a new password) must
not lie in the database. A mail server that fails is in the log and does not show on the page, or
the page would tell who has an account.
"""

import zoneinfo

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from riskreg.accounts.models import User
from riskreg.kernel import clock
from riskreg.kernel.mailtext import html_with_styles_inlined, tidy_text

log = structlog.get_logger(__name__)


def page_address(name: str, **keys: str) -> str:
    """The whole address of a page, at ``BASE_URL``: never at a host that a request names."""
    return f"{settings.BASE_URL}{reverse(name, kwargs=keys)}"


def send_account_mail(kind: str, *, user: User, url: str = "", to: str = "") -> bool:
    """Send the mail in ``templates/mail/account/<kind>/`` to ``user``; whether it went out.

    ``url`` is where its button leads; ``to`` another address than the account's (an old one, say).
    """
    zone = timezone.override(zoneinfo.ZoneInfo(user.time_zone))
    with translation.override(user.language), zone:
        context = {
            "name": str(user),
            "address": user.email,
            "url": url,
            "reset_url": page_address("account_reset_password"),
            "now": clock.now(),
            "language": {"zh-hans": "zh-Hans"}.get(user.language, user.language),
        }
        folder = f"mail/account/{kind}"
        subject = " ".join(render_to_string(f"{folder}/subject.txt", context).split())
        text = tidy_text(render_to_string(f"{folder}/body.txt", context))
        html = html_with_styles_inlined(render_to_string(f"{folder}/body.html", context))
    mail = EmailMultiAlternatives(
        subject,
        text,
        settings.DEFAULT_FROM_EMAIL,
        [to or user.email],
        headers={"Auto-Submitted": "auto-generated", "Content-Language": user.language},
    )
    mail.attach_alternative(html, "text/html")
    try:
        return bool(mail.send())
    except OSError as error:  # smtplib's errors are among them
        log.warning("account_mail_not_sent", kind=kind, user=str(user.uuid), error=repr(error))
        return False
