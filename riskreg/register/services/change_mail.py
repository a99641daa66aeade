"""What people are written about change requests: through the outbox, so that it is sent again."""

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any

from riskreg.accounts.mails import page_address
from riskreg.accounts.messages import build_draft_to
from riskreg.accounts.models import User
from riskreg.events.policy import Audience
from riskreg.notify.letters import render_letter
from riskreg.notify.models import Message
from riskreg.notify.refresh import Content
from riskreg.notify.services import post
from riskreg.register.change_models import ChangeRequest, ChangeState
from riskreg.register.models import Membership

KIND = "change"
# Why somebody is written to.
ASKED, HOLDS, CLOSED, JOINED = "asked", "holds", "closed", "joined"


def post_message_to_each(
    row: ChangeRequest, people: Iterable[User], why: str, at: dt.datetime
) -> None:
    """Post a message about ``row`` to each of ``people`` who is a member of a party."""
    for user in {user.pk: user for user in people}.values():
        home = (
            Membership.objects.select_related("party")
            .filter(register=row.register_id, user=user, ended_at=None)
            .first()
        )
        if home is None or home.party is None or user.is_program:
            continue
        post(
            build_draft_to(
                user,
                at,
                key=f"{KIND}:{why}:{row.uuid}:{user.uuid}",
                kind=KIND,
                content=_content(row, user, why),
                audiences=[Audience(row.register.uuid, home.party.uuid)],
                urgent=True,
            ),
            at,
        )


def current_content_of_message(message: uuid.UUID, at: dt.datetime) -> Content | None:
    """What it should say now; None once its reader has left, or has nothing to answer any more."""
    _kind, why, request, person = Message.objects.get(uuid=message).key.split(":")
    row = ChangeRequest.objects.select_related("register", "requested_by", "party").get(
        uuid=request
    )
    home = Membership.objects.select_related("user").filter(
        register=row.register_id, user__uuid=person, ended_at=None
    )
    member = home.first()
    if member is None or (why == ASKED and row.state != ChangeState.OPEN):
        return None
    return _content(row, member.user, why)


def _content(row: ChangeRequest, user: User, why: str) -> Content:
    def values() -> dict[str, Any]:
        register = row.register
        slug = register.slug
        return {
            "why": why,
            "name": user.display_name,
            "row": row,
            "party": row.party.name if row.party else "",
            "closing": row.closing_text,
            "lines": row.lines,
            "registers_said": register.name,
            "registers": [{"name": register.name, "notice": register.notice}],
            "url": page_address("web:change_request", slug=slug, ref=row.ref),
            "preferences_url": page_address("web:preferences"),
        }

    return render_letter(user, "change", values)
