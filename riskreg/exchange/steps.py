"""What a worker does to bring a file in: all of its rows in one transaction, or nothing."""

from collections.abc import Callable

from django.utils import translation
from django.utils.translation import gettext as _

from riskreg.exchange.models import ImportDraft
from riskreg.exchange.services.committing import commit_import
from riskreg.exchange.services.drafts import file_of_draft, first_open_questions_text
from riskreg.exchange.services.preview import preview_import
from riskreg.jobs.kinds import Outcome
from riskreg.jobs.models import Step
from riskreg.kernel import clock
from riskreg.kernel.errors import Invalid
from riskreg.register.access import viewer_for


def commit_import_of_draft(
    step: Step, renew_claim_or_raise_if_cancelled: Callable[[], None]
) -> Outcome:
    """Look the file through once more, as what is there may have changed, and bring it in.

    The rows come with the step that is done, in its transaction: whoever dies before that has
    brought nothing in, and the next worker begins anew. Raises ``Invalid``, ``Forbidden``,
    ``NotFound``, which end the job.
    """
    rows = ImportDraft.objects.select_related("register", "made_by")
    draft = rows.filter(uuid=step.job.subject).first()
    if draft is None:
        raise ValueError(_("This file is no longer here. Bring it again."))
    # Whatever is said of it, a refusal too, is read by whoever brought it.
    with translation.override(draft.made_by.language):
        actor = viewer_for(draft.made_by, draft.register.slug)
        brought = file_of_draft(draft)
        plan, answers = preview_import(
            actor=actor, brought=brought, answers_or_remembered=draft.answers, at=clock.now()
        )
        if plan.asked:
            raise Invalid.one("mapping", "answers_needed", first_open_questions_text(plan))
    renew_claim_or_raise_if_cancelled()

    def save() -> None:
        with translation.override(draft.made_by.language):
            commit_import(
                actor=actor,
                plan=plan,
                answers=answers,
                file_name=draft.file_name,
                data=brought.data,
                at=clock.now(),
                draft_id=draft.uuid,
            )
        draft.delete()

    return Outcome({"rows": len(plan.rows)}, save=save)
