"""The mail that carries an invitation's link, in the language that the inviter chose.

It is sent by a task of its own and not through the outbox: its link opens the register and must
not lie in the database.
"""

import datetime as dt
import zoneinfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import timezone, translation

from riskreg.accounts.mails import page_address
from riskreg.kernel.mailtext import html_with_styles_inlined, tidy_text
from riskreg.register.models import Invitation, Role
from riskreg.register.people import invitation_token

_FOLDER = "mail/invitation"


def invitation_link(row: Invitation) -> str:
    """The whole address of the page where it is accepted, at ``BASE_URL``."""
    return page_address("web:invitation", token=invitation_token(row))


def invitation_mail(row: Invitation, at: dt.datetime) -> EmailMultiAlternatives:
    """The mail, ready to be sent."""
    zone = timezone.override(zoneinfo.ZoneInfo(row.register.time_zone))
    with translation.override(row.language), zone:
        context = {
            "by": str(row.invited_by),
            "register": row.register.name,
            "party": row.party.name if row.party else "",
            "role": str(Role(row.role).label),
            "expires_at": row.expires_at,
            "address": row.email,
            "url": invitation_link(row),
            "now": at,
            "language": {"zh-hans": "zh-Hans"}.get(row.language, row.language),
        }
        subject = " ".join(render_to_string(f"{_FOLDER}/subject.txt", context).split())
        text = tidy_text(render_to_string(f"{_FOLDER}/body.txt", context))
        html = html_with_styles_inlined(render_to_string(f"{_FOLDER}/body.html", context))
    mail = EmailMultiAlternatives(
        subject,
        text,
        settings.DEFAULT_FROM_EMAIL,
        [row.email],
        headers={"Auto-Submitted": "auto-generated", "Content-Language": row.language},
    )
    mail.attach_alternative(html, "text/html")
    return mail
