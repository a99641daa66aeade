"""Looking through a file before it is brought in: it is kept for its bringer, for a day.

A large one is brought in by a worker, through the same services.
"""

import datetime as dt
import hashlib
import uuid
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.exchange.mapping import Plan, clean_answers
from riskreg.exchange.models import Import, ImportDraft
from riskreg.exchange.queries import open_job_of_draft, own_import_draft
from riskreg.exchange.reading import read_file
from riskreg.exchange.services.committing import commit_import
from riskreg.exchange.services.preview import Brought, preview_import
from riskreg.jobs.queries import open_jobs_of, open_jobs_requested_by
from riskreg.jobs.services import NewStep, cancel_job, start_job
from riskreg.kernel.errors import Invalid
from riskreg.register.access import Viewer
from riskreg.register.permissions import require
from riskreg.register.queries import taxonomies_for
from riskreg.register.visibility import Visibility

KEPT_FOR = dt.timedelta(days=1)
KIND = "exchange.commit"
# More would not be done before whoever asked for it gives up waiting: a worker does it.
MAX_AT_ONCE = 300
MOST_OPEN = 2


@transaction.atomic
def delete_old_drafts(at: dt.datetime) -> int:
    """Forget files that nobody brought in for a day, unless a worker is at them; how many."""
    going_on = open_jobs_of(KIND).values_list("subject", flat=True)
    old = ImportDraft.objects.filter(created_at__lt=at - KEPT_FOR)
    return old.exclude(uuid__in=list(going_on)).delete()[0]


@transaction.atomic
def replace_own_draft(*, actor: Viewer, brought: Brought, at: dt.datetime) -> ImportDraft:
    """Keep a file to be looked through, in place of the one before. Raises ``NotARegister``."""
    require(actor, "import.make")
    assert actor.party is not None  # noqa: S101 - who may import acts for a party
    read_file(brought.data, sheet=brought.sheet, pasted=brought.pasted)
    own = ImportDraft.objects.filter(register=actor.register, party=actor.party)
    # What a worker is at stays until it is done.
    going_on = list(open_jobs_requested_by(actor.user.uuid, KIND).values_list("subject", flat=True))
    old = own.filter(made_by=actor.user) | own.filter(created_at__lt=at - KEPT_FOR)
    old.exclude(uuid__in=going_on).delete()
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
    row = own_import_draft(actor, draft, lock=True)
    keys = tuple(taxonomy.key for taxonomy in taxonomies_for(actor))
    row.answers = clean_answers(mapping, keys).to_json()
    row.save(update_fields=["answers"])
    return row


def preview_draft(*, actor: Viewer, draft: ImportDraft, at: dt.datetime) -> Plan:
    """What would become of each of its rows."""
    brought = file_of_draft(draft)
    return preview_import(
        actor=actor, brought=brought, answers_or_remembered=draft.answers, at=at
    ).plan


@transaction.atomic
def commit_draft_or_start_job(
    *, actor: Viewer, draft: uuid.UUID, at: dt.datetime
) -> Import | ImportDraft:
    """Bring it in; the draft is gone. A large one is left to a worker, and the draft returned,
    which the import takes its id from. Raises ``Invalid`` while something is asked."""
    row = own_import_draft(actor, draft, lock=True)
    if open_job_of_draft(row) is not None:
        return row
    plan, answers = preview_import(
        actor=actor, brought=file_of_draft(row), answers_or_remembered=row.answers, at=at
    )
    if plan.asked:
        raise Invalid.one("mapping", "answers_needed", first_open_questions_text(plan))
    if plan.count("new") + plan.count("updated") > MAX_AT_ONCE:
        _start_commit_job(actor, row, at)
        return row
    made, _plan = commit_import(
        actor=actor, plan=plan, answers=answers, file_name=row.file_name, data=bytes(row.data),
        at=at, draft_id=row.uuid,
    )  # fmt: skip
    row.delete()
    return made


@transaction.atomic
def commit_file_or_keep_draft(
    *, actor: Viewer, brought: Brought, answers_or_remembered: Any, at: dt.datetime
) -> Import | ImportDraft:
    """Bring a file in as it comes, without looking it through; see
    ``commit_draft_or_start_job``."""
    plan, answers = preview_import(
        actor=actor, brought=brought, answers_or_remembered=answers_or_remembered, at=at
    )
    if plan.asked:
        raise Invalid.one("mapping", "answers_needed", first_open_questions_text(plan))
    if plan.count("new") + plan.count("updated") > MAX_AT_ONCE:
        draft = replace_own_draft(actor=actor, brought=brought, at=at)
        draft.answers = answers.to_json()
        draft.save(update_fields=["answers"])
        _start_commit_job(actor, draft, at)
        return draft
    return commit_import(
        actor=actor, plan=plan, answers=answers, file_name=brought.name, data=brought.data, at=at
    ).made


def _start_commit_job(actor: Viewer, draft: ImportDraft, at: dt.datetime) -> None:
    # Whoever asks twice at once waits here, and is then told that it is going on.
    User.objects.select_for_update().get(pk=actor.user.pk)
    if open_jobs_requested_by(actor.user.uuid, KIND).count() >= MOST_OPEN:
        text = _("%(n)d of your files are being brought in. Wait for one, or leave it.")
        raise Invalid.one("file", "too_many", text % {"n": MOST_OPEN})
    step = NewStep("commit", KIND, 0, hashlib.sha256(bytes(draft.data)).hexdigest())
    start_job(
        kind=KIND,
        subject=draft.uuid,
        audience=actor.audience.key,
        requested_by=actor.user.uuid,
        steps=[step],
        at=at,
    )


@transaction.atomic
def drop_draft(*, actor: Viewer, draft: uuid.UUID, at: dt.datetime) -> None:
    """Leave it, even while a worker is at it; nothing is kept of it."""
    row = own_import_draft(actor, draft, lock=True)
    if (job := open_job_of_draft(row)) is not None:
        cancel_job(job.uuid, at)
    row.delete()


def file_of_draft(row: ImportDraft) -> Brought:
    """The file of a draft."""
    return Brought(row.file_name, bytes(row.data), row.sheet or None, row.pasted)


def first_open_questions_text(plan: Plan) -> str:
    """The first questions that are open, in words."""
    return " ".join(
        f"{question.column}: {question.question}" if question.column else question.question
        for question in plan.asked[:20]
    )
