"""Looking through a file before it is brought in: it is kept for its bringer, for a day."""

import datetime as dt
import uuid
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.exchange.mapping import Plan, clean_answers
from riskreg.exchange.models import Import, ImportDraft
from riskreg.exchange.queries import draft_for
from riskreg.exchange.reading import read_file
from riskreg.exchange.services.preview import Brought, bring_in, preview_import
from riskreg.kernel.errors import Invalid
from riskreg.register.access import Viewer
from riskreg.register.permissions import require
from riskreg.register.queries import taxonomies_for
from riskreg.register.visibility import Visibility

KEPT_FOR = dt.timedelta(days=1)
# More would not be done before whoever asked for it gives up waiting.
MAX_AT_ONCE = 300


@transaction.atomic
def keep_draft(*, actor: Viewer, brought: Brought, at: dt.datetime) -> ImportDraft:
    """Keep a file to be looked through, in place of the one before. Raises ``NotARegister``."""
    require(actor, "import.make")
    assert actor.party is not None  # noqa: S101 - who may import acts for a party
    read_file(brought.data, sheet=brought.sheet, pasted=brought.pasted)
    own = ImportDraft.objects.filter(register=actor.register, party=actor.party)
    (own.filter(made_by=actor.user) | own.filter(created_at__lt=at - KEPT_FOR)).delete()
    return ImportDraft.objects.create(
        register=actor.register,
        party=actor.party,
        visibility=Visibility.PARTY,
        made_by=actor.user,
        file_name=brought.name[:200],
        sheet=(brought.sheet or "")[:200],
        pasted=brought.pasted,
        data=brought.data,
        created_at=at,
    )


@transaction.atomic
def answer_draft(*, actor: Viewer, draft: uuid.UUID, mapping: Any) -> ImportDraft:
    """Note what was answered. Raises ``Invalid`` naming each answer that is wrong."""
    require(actor, "import.make")
    row = draft_for(actor, draft, lock=True)
    keys = tuple(taxonomy.key for taxonomy in taxonomies_for(actor))
    row.answers = clean_answers(mapping, keys).to_json()
    row.save(update_fields=["answers"])
    return row


def look_through(*, actor: Viewer, draft: ImportDraft, at: dt.datetime) -> Plan:
    """What would become of each of its rows."""
    return preview_import(actor=actor, brought=_brought(draft), mapping=draft.answers, at=at)[0]


@transaction.atomic
def take_draft(*, actor: Viewer, draft: uuid.UUID, at: dt.datetime) -> Import:
    """Bring it in; the draft is gone. Raises ``Invalid`` while something is asked."""
    row = draft_for(actor, draft, lock=True)
    made = take_at_once(actor=actor, brought=_brought(row), mapping=row.answers, at=at)
    row.delete()
    return made


def take_at_once(*, actor: Viewer, brought: Brought, mapping: Any, at: dt.datetime) -> Import:
    """Bring in a file of at most ``MAX_AT_ONCE`` rows that change something.

    Raises ``Invalid`` for more, and naming every question that has no answer.
    """
    plan, _answers = preview_import(actor=actor, brought=brought, mapping=mapping, at=at)
    if plan.asked:
        raise Invalid.one("mapping", "answers_needed", _questions(plan))
    if plan.count("new") + plan.count("updated") > MAX_AT_ONCE:
        raise Invalid.one(
            "file",
            "too_many",
            _(
                "At most %(n)d rows are brought in at once here. Bring the file in parts, or by "
                "manage.py import_register."
            )
            % {"n": MAX_AT_ONCE},
        )
    made, _plan = bring_in(actor=actor, brought=brought, mapping=mapping, at=at)
    assert made is not None  # noqa: S101 - nothing is asked any more
    return made


@transaction.atomic
def drop_draft(*, actor: Viewer, draft: uuid.UUID) -> None:
    """Leave it; nothing is kept of it."""
    draft_for(actor, draft, lock=True).delete()


def _brought(row: ImportDraft) -> Brought:
    return Brought(row.file_name, bytes(row.data), row.sheet or None, row.pasted)


def _questions(plan: Plan) -> str:
    return " ".join(
        f"{question.column}: {question.question}" if question.column else question.question
        for question in plan.asked[:20]
    )
