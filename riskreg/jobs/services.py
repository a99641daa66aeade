"""Starting, doing, finishing and cancelling long work.

A worker begins a step by a conditional update, so that one alone has it; it keeps its claim while
it goes on, and a claim that runs out is anybody's. What a step comes to is the same whoever does
it, so doing one twice costs time and changes nothing. Whoever dies between two lines of this file
leaves a step that the sweep sends again.
"""

import datetime as dt
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from django.db import transaction
from django.db.models import Min
from django.utils.translation import gettext as _

from riskreg.jobs.kinds import Outcome, step_function_of_kind
from riskreg.jobs.models import OPEN, Job, JobState, Step, StepState
from riskreg.jobs.queries import is_unclaimed, jobs_with_unclaimed_steps, steps_to_begin
from riskreg.kernel.after_commit import after_commit, send_task_or_log_failure
from riskreg.kernel.errors import Conflict, RiskregError

log = structlog.get_logger(__name__)
TASK = "jobs.run_step"
# A claim outlives the longest stretch between two calls of ``renew_claim_or_raise_if_cancelled``.
CLAIM = dt.timedelta(seconds=60)
_RENEWED_EVERY = 15.0
_LOOKS_EVERY = 0.1
MOST_ATTEMPTS = 5
_AGAIN_IN = dt.timedelta(seconds=10)
SWEPT_AT_ONCE = 200


class NoLongerWanted(Exception):
    """The job was cancelled, or another worker has the step."""


@dataclass(frozen=True)
class NewStep:
    """A step to be laid out; see ``models.Step``. One with an ``outcome`` is done already."""

    key: str
    kind: str
    stage: int
    inputs_hash: str
    weight: int = 1
    outcome: Outcome | None = None


@transaction.atomic
def start_job(
    *,
    kind: str,
    subject: uuid.UUID,
    audience: str,
    requested_by: uuid.UUID,
    steps: Sequence[NewStep],
    at: dt.datetime,
) -> Job:
    """Lay a job out with its steps, and wake workers for the first of them on commit."""
    job = Job.objects.create(
        kind=kind, subject=subject, audience=audience, requested_by=requested_by, created_at=at
    )
    Step.objects.bulk_create(
        Step(
            job=job,
            key=step.key,
            kind=step.kind,
            stage=step.stage,
            weight=step.weight,
            inputs_hash=step.inputs_hash,
            state=StepState.DONE if step.outcome else StepState.WAITING,
            result=step.outcome.result if step.outcome else None,
            blob=step.outcome.blob if step.outcome else None,
            finished_at=at if step.outcome else None,
        )
        for step in steps
    )
    _wake_workers(job, at)
    return job


def _wake_workers(job: Job, at: dt.datetime) -> None:
    for step in steps_to_begin(job, at):
        after_commit(TASK, step.pk)


def run_step(step: int, now: Callable[[], dt.datetime]) -> bool:
    """Do a step if it can be begun; whether this call finished it.

    A refusal (``RiskregError``, ``ValueError``) ends the job with its words: it would come again.
    Anything else is tried again, ``MOST_ATTEMPTS`` times in all.
    """
    begun = begin_step(step, now())
    if begun is None:
        return False
    try:
        outcome = step_function_of_kind(begun.kind)(begun, _claim_renewal_for(begun, now))
    except NoLongerWanted:
        return False
    except (RiskregError, ValueError) as refusal:
        _fail_job_of(begun, "refused", str(refusal), now())
        return False
    except Exception as error:
        log.exception("step_failed", step=begun.key, job=str(begun.job.uuid))
        _wait_for_retry_or_fail_job(begun, f"{type(error).__name__}: {error}"[:300], now())
        return False
    return finish_step(begun, outcome, now())


def begin_step(step: int, at: dt.datetime) -> Step | None:
    """Claim a step, if its turn has come and nobody is at it. None otherwise."""
    with transaction.atomic():
        # Locked, so that of two who come at once the second sees the claim of the first.
        rows = Step.objects.select_related("job").select_for_update(of=("self",)).defer("blob")
        row = rows.filter(is_unclaimed(at), pk=step).exclude(state=StepState.DONE).first()
        if row is None or row.job.state not in OPEN:
            return None
        before = row.job.steps.filter(stage__lt=row.stage)
        if before.exclude(state=StepState.DONE).exists():
            return None
        row.state, row.attempt, row.claimed_until = StepState.RUNNING, row.attempt + 1, at + CLAIM
        row.save(update_fields=["state", "attempt", "claimed_until"])
        if row.job.state == JobState.QUEUED:
            queued = Job.objects.filter(pk=row.job_id, state=JobState.QUEUED)
            queued.update(state=JobState.RUNNING)
        return row


def _claim_renewal_for(step: Step, now: Callable[[], dt.datetime]) -> Callable[[], None]:
    """What the work calls between its blocks: renews the claim, raises ``NoLongerWanted``."""
    looked = renewed = time.monotonic()

    def renew_claim_or_raise_if_cancelled() -> None:
        nonlocal looked, renewed
        if time.monotonic() - looked < _LOOKS_EVERY:
            return
        looked = time.monotonic()
        mine = Step.objects.filter(
            pk=step.pk, attempt=step.attempt, state=StepState.RUNNING, job__state__in=OPEN
        )
        if looked - renewed < _RENEWED_EVERY:
            wanted = mine.exists()
        else:
            renewed = looked
            wanted = bool(mine.update(claimed_until=now() + CLAIM))
        if not wanted:
            raise NoLongerWanted

    return renew_claim_or_raise_if_cancelled


@transaction.atomic
def finish_step(step: Step, outcome: Outcome, at: dt.datetime) -> bool:
    """Keep what a step came to, once; whether this call did. The last step ends the job.

    Of a job that has ended meanwhile nothing is kept.
    """
    # The job's row is locked so that of two last steps one sees that the other is done.
    job = Job.objects.select_for_update().get(pk=step.job_id)
    if job.state not in OPEN:
        return False
    kept = (
        Step.objects.filter(job=job, key=step.key, inputs_hash=step.inputs_hash)
        .exclude(state=StepState.DONE)
        .update(
            state=StepState.DONE,
            claimed_until=None,
            error="",
            result=outcome.result,
            blob=outcome.blob,
            finished_at=at,
        )
    )
    if not kept:
        return False
    if outcome.save is not None:
        outcome.save()
    left = job.steps.exclude(state=StepState.DONE).aggregate(stage=Min("stage"))["stage"]
    if left is None:
        _end_job(job, JobState.DONE, at)
    elif left != step.stage:
        _wake_workers(job, at)
    return True


def _end_job(
    job: Job, state: JobState, at: dt.datetime, failure: dict[str, str] | None = None
) -> None:
    job.state, job.ended_at, job.failure = state, at, failure or {}
    job.save(update_fields=["state", "ended_at", "failure"])
    job.steps.exclude(blob=None).update(blob=None)


@transaction.atomic
def _fail_job_of(step: Step, code: str, detail: str, at: dt.datetime) -> None:
    job = Job.objects.select_for_update().get(pk=step.job_id)
    if job.state in OPEN:
        Step.objects.filter(pk=step.pk).update(error=detail[:300], claimed_until=None)
        _end_job(
            job, JobState.FAILED, at, {"code": code, "detail": detail[:1000], "step": step.key}
        )


def _wait_for_retry_or_fail_job(step: Step, error: str, at: dt.datetime) -> None:
    if step.attempt >= MOST_ATTEMPTS:
        _fail_job_of(step, "gave_up", error, at)
        return
    mine = Step.objects.filter(pk=step.pk, attempt=step.attempt, state=StepState.RUNNING)
    mine.update(state=StepState.WAITING, error=error, claimed_until=at + _AGAIN_IN)


@transaction.atomic
def cancel_job(job: uuid.UUID, at: dt.datetime) -> Job:
    """End a job; whoever is at a step of it finds out between two blocks. Twice is as once.

    Raises ``Conflict`` for one that has ended otherwise.
    """
    row = Job.objects.select_for_update().get(uuid=job)
    if row.state in OPEN:
        _end_job(row, JobState.CANCELLED, at)
    elif row.state != JobState.CANCELLED:
        raise Conflict(_("This has ended already; there is nothing to cancel."), current=row)
    return row


def wake_workers_for_unclaimed(at: dt.datetime) -> int:
    """Wake workers for every step that could be done and that nobody is at; how many."""
    found = [
        step
        for job in jobs_with_unclaimed_steps(at, SWEPT_AT_ONCE)
        for step in steps_to_begin(job, at)
    ]
    for step in found:
        if step.attempt >= MOST_ATTEMPTS and step.state == StepState.RUNNING:
            _fail_job_of(step, "gave_up", "Its worker was lost each time.", at)
        else:
            send_task_or_log_failure(TASK, step.pk)
    return len(found)
