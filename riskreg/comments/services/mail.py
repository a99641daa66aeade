"""What somebody is written who is mentioned in a comment: through the outbox, as it reads when it
is sent."""

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any

from django.utils.text import Truncator

from riskreg.accounts.mails import page_address
from riskreg.accounts.messages import build_draft_to
from riskreg.accounts.models import User
from riskreg.comments.models import Comment
from riskreg.comments.queries.comments import may_still_read
from riskreg.comments.queries.targets import TARGETS, ref_and_title_of
from riskreg.events.policy import Audience
from riskreg.notify.letters import render_letter
from riskreg.notify.models import Message
from riskreg.notify.refresh import Content
from riskreg.notify.services import post
from riskreg.register.models import Membership

KIND = "comment"
# A mail quotes no more than this; the whole is behind its button.
QUOTED = 1500


def mail_mentioned_people(
    row: Comment, thing: Any, people: Iterable[User], at: dt.datetime
) -> None:
    """Post a message about ``row``, which is about ``thing``, to each of ``people``."""
    for user in people:
        home = (
            Membership.objects.select_related("party")
            .filter(register=row.register_id, user=user, ended_at=None)
            .first()
        )
        if home is None:
            continue
        post(
            build_draft_to(
                user,
                at,
                key=f"{KIND}:{row.uuid}:{user.uuid}",
                kind=KIND,
                content=_content(row, thing, user),
                audiences=[Audience(row.register.uuid, home.party.uuid if home.party else None)],
            ),
            at,
        )


def current_content_of_message(message: uuid.UUID, at: dt.datetime) -> Content | None:
    """What it should say now; None once the comment is withdrawn or mentions its reader no more, or
    they may not read it any more."""
    _kind, comment, person = Message.objects.get(uuid=message).key.split(":")
    row = Comment.objects.select_related("register", "author", "party").get(uuid=comment)
    user = User.objects.get(uuid=person)
    if row.withdrawn_at is not None or person not in row.mentions or not may_still_read(row, user):
        return None
    thing = TARGETS[row.about_type].model.objects.get(uuid=row.about)
    return _content(row, thing, user)


def _content(row: Comment, thing: Any, user: User) -> Content:
    def values() -> dict[str, Any]:
        register = row.register
        return {
            "name": user.display_name,
            "author": row.author.display_name,
            "about": ref_and_title_of(thing),
            "quoted": Truncator(row.text).chars(QUOTED),
            "registers_said": register.name,
            "registers": [{"name": register.name, "notice": register.notice}],
            "url": page_address("web:comment", slug=register.slug, comment=str(row.uuid)),
            "preferences_url": page_address("web:preferences"),
        }

    return render_letter(user, KIND, values)
