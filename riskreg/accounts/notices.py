"""What was done to an account by somebody else, told to whom it belongs.

Unlike the mails of ``mails.py`` these carry no secret, so they go through the outbox: they are sent
again when the mail server was away, and stand in the inbox.
"""

import datetime as dt
from typing import Any

from django.template.loader import render_to_string
from django.utils import translation

from riskreg.accounts.mails import page_address
from riskreg.accounts.messages import build_draft_to
from riskreg.accounts.models import User
from riskreg.kernel.mailtext import html_with_styles_inlined, tidy_text
from riskreg.notify.models import Channel, Message
from riskreg.notify.refresh import Content
from riskreg.notify.services import post

KIND = "account"


def tell_owner(
    user: User,
    notice: str,
    at: dt.datetime,
    *,
    key: str,
    address: str | None = None,
    **facts: Any,
) -> Message | None:
    """Post ``notice`` (a branch of templates/mail/account_notice) to the owner of an account.

    It goes to ``address``, by default the account's own, and into the inbox; at once, not with a
    digest. None when the notice of that ``key`` was posted before.
    """
    with translation.override(user.language):
        content = _content(user, notice, facts)
    return post(
        build_draft_to(
            user,
            at,
            key=f"account:{key}",
            kind=KIND,
            address=user.email if address is None else address,
            content=content,
            audiences=(),
            channels=(Channel.MAIL, Channel.INBOX),
            urgent=True,
        ),
        at,
    )


def _content(user: User, notice: str, facts: dict[str, Any]) -> Content:
    values = {
        "notice": notice,
        "name": user.display_name,
        "language": {"zh-hans": "zh-Hans"}.get(user.language, user.language),
        "reset_url": page_address("account_reset_password"),
        "offer_reset": notice in ("attempts", "password"),
        **facts,
    }
    folder = "mail/account_notice"
    return Content(
        subject=" ".join(render_to_string(f"{folder}/subject.txt", values).split()),
        text=tidy_text(render_to_string(f"{folder}/body.txt", values)),
        html=html_with_styles_inlined(render_to_string(f"{folder}/body.html", values)),
    )
