"""Telling managers at once that somebody has left, and that nobody answers for what was theirs."""

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from riskreg.accounts.mails import page_address
from riskreg.accounts.messages import build_draft_to
from riskreg.accounts.models import User
from riskreg.events.policy import Audience
from riskreg.handover.queries import ref_or_name
from riskreg.notify.letters import render_letter
from riskreg.notify.refresh import Content
from riskreg.notify.services import post
from riskreg.register.models import Membership, Party, Register, Role

KIND = "unowned"
SHOWN = 40


def tell_managers_of_unowned(
    register: Register, leaver: User, things: Iterable[Any], at: dt.datetime
) -> None:
    """Post a message to the managers of each party whose things ``things`` are, naming its own.

    ``leaver`` answered for them. Managers of another party hear nothing of what is not theirs. A
    message for each leaving: the next one names what that leaves.
    """
    by_party: dict[int, list[Any]] = {}
    for thing in things:
        by_party.setdefault(thing.party_id, []).append(thing)
    leaving = uuid.uuid4()
    for party_id, rows in sorted(by_party.items()):
        party = Party.objects.get(pk=party_id)
        managers = Membership.objects.select_related("user").filter(
            register=register,
            party=party,
            role=Role.MANAGER,
            ended_at=None,
            user__is_active=True,
        )
        for home in managers.exclude(user=leaver).order_by("pk"):
            post(
                build_draft_to(
                    home.user,
                    at,
                    key=f"{KIND}:{leaving}:{home.user.uuid}",
                    kind=KIND,
                    content=_content(register, party, home.user, leaver, rows),
                    audiences=[Audience(register.uuid, party.uuid)],
                    urgent=True,
                ),
                at,
            )


def _content(
    register: Register, party: Party, reader: User, leaver: User, rows: Sequence[Any]
) -> Content:
    def values() -> dict[str, Any]:
        return {
            "name": str(reader),
            "leaver": str(leaver),
            "party": party.name,
            "things": [_ref_and_title(row) for row in rows[:SHOWN]],
            "total": len(rows),
            "unnamed": max(0, len(rows) - SHOWN),
            "registers_said": register.name,
            "registers": [{"name": register.name, "notice": register.notice}],
            "url": f"{page_address('web:handover', slug=register.slug)}?from={leaver.uuid}",
            "preferences_url": page_address("web:preferences"),
        }

    return render_letter(reader, KIND, values)


def _ref_and_title(row: Any) -> str:
    title = row.localized("title") if hasattr(row, "title") else getattr(row, "name", "")
    name = ref_or_name(row)
    return name if name == title else f"{name} {title}"
