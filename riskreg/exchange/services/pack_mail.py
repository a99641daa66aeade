"""What people are written when a board pack was made before a meeting: its headline figures and the
way to it. The file itself is not attached: it is large, may be a party's own, and whoever loses the
right to it must not keep it in a mailbox."""

import datetime as dt
import uuid
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from riskreg.accounts.mails import page_address
from riskreg.accounts.messages import build_draft_to
from riskreg.accounts.models import User
from riskreg.events.policy import Audience
from riskreg.exchange.models import PackSchedule, PackSending
from riskreg.exchange.queries.packs import figure_labels
from riskreg.exchange.queries.schedules import people_named_by, present_pack_makers, was_begun_late
from riskreg.kernel import clock
from riskreg.notify.letters import render_letter
from riskreg.notify.models import Message
from riskreg.notify.refresh import Content
from riskreg.notify.services import post
from riskreg.register.visibility import Visibility

KIND = "pack"
# Why somebody is written to: a pack was sent; not to everybody, or not all of it; none was.
SENT, PARTLY, FAILED = "sent", "partly", "failed"


def post_message_about_sending(
    user: User, row: PackSchedule, one: PackSending, why: str, at: dt.datetime
) -> None:
    """Post the message about ``one``, a sending of ``row``, to ``user``; once, however often."""
    post(
        build_draft_to(
            user,
            at,
            key=f"{KIND}:{why}:{one.uuid}:{user.uuid}",
            kind=KIND,
            content=_content(user, row, one, why),
            audiences=[Audience(row.register.uuid, row.party.uuid)],
        ),
        at,
    )


def current_content_of_message(message: uuid.UUID, at: dt.datetime) -> Content | None:
    """What it should say now; None once its reader may not see packs any more, or the register is
    archived."""
    _kind, why, sending, person = Message.objects.get(uuid=message).key.split(":")
    one = PackSending.objects.select_related("schedule__register", "schedule__party").get(
        uuid=sending
    )
    row = one.schedule
    makers = present_pack_makers(row.register_id, row.party_id).filter(user__uuid=person)
    member = makers.first()
    if member is None or row.register.archived_at is not None:
        return None
    return _content(member.user, row, one, why)


def _content(user: User, row: PackSchedule, one: PackSending, why: str) -> Content:
    def values() -> dict[str, Any]:
        register = row.register
        made_on = clock.local_date(one.created_at, register.time_zone)
        labels = figure_labels()
        people = people_named_by([], [one])
        return {
            "why": why,
            "name": user.display_name,
            "meeting": row.title,
            "day": date_format(one.meeting_on),
            "party": row.party.name if row.audience == Visibility.PARTY else "",
            "figures": [
                {"label": label, "value": one.figures[name]}
                for name, label in labels.items()
                if name in one.figures
            ],
            "due": date_format(one.due_on) if was_begun_late(one, register.time_zone) else "",
            "made": date_format(made_on),
            "over": made_on > one.meeting_on,
            "left_out": [
                text_on_why_not_written_to(str(people[left["user"]]), left["why"])
                for left in one.left_out
                if left["user"] in people
            ],
            "failure": one.failure,
            "registers_said": register.name,
            "registers": [{"name": register.name, "notice": register.notice}],
            "url": page_address("web:board_packs", slug=register.slug),
            "preferences_url": page_address("web:preferences"),
        }

    return render_letter(user, KIND, values)


def text_on_why_not_written_to(name: str, why: str) -> str:
    """Why somebody was not written to."""
    words = {
        "left": _("%(name)s is no member of your party any more"),
        "may_not_see": _("%(name)s may not see board packs any more"),
    }
    return words[why] % {"name": name}
