"""How a job stands, and which of its steps can be done now.

A job belongs to the thing that it is for: whoever may see that thing may ask here, so each room
looks its own thing up first.
"""

import datetime as dt
import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Min, Q, QuerySet, Sum

from riskreg.jobs.models import OPEN, Job, JobState, Step, StepState
from riskreg.kernel.sqlite_map import without_memory_map


@dataclass(frozen=True)
class Progress:
    """How far a job is: its state, hundredths done by weight, steps done and all of them."""

    state: str
    percent: int
    done: int
    steps: int
    failure: dict[str, Any]


def newest_job_of(subject: uuid.UUID) -> Job | None:
    """The newest job for that thing."""
    return Job.objects.filter(subject=subject).order_by("-id").first()


def progress_of_newest_job_of_each(subjects: Collection[uuid.UUID]) -> dict[uuid.UUID, Progress]:
    """How far the newest job of each of ``subjects`` is, in one query."""
    finished = Q(steps__state=StepState.DONE)
    rows = (
        Job.objects.filter(subject__in=list(subjects))
        .annotate(
            whole=Sum("steps__weight", default=0),
            part=Sum("steps__weight", filter=finished, default=0),
            count=Count("steps"),
            finished=Count("steps", filter=finished),
        )
        .order_by("id")
    )
    return {
        job.subject: Progress(
            state=job.state,
            percent=100 if job.state == JobState.DONE else 100 * job.part // max(1, job.whole),
            done=job.finished,
            steps=job.count,
            failure=job.failure,
        )
        for job in rows
    }


def subjects_of_done_jobs(kind: str) -> QuerySet[Job, Any]:
    """Of what there is a job of that kind that is done, as a query for others to take part of."""
    return Job.objects.filter(kind=kind, state=JobState.DONE).values("subject")


def step_result_part_by_subject(
    subjects: Collection[uuid.UUID], step_key: str, result_path: str
) -> dict[uuid.UUID, Any]:
    """Of each of ``subjects`` whose job is done: what its step came to under ``result_path``
    (names and places joined by ``__``), in one query that reads nothing else of the results."""
    found = step_result_part_by_subject_and_step(subjects, [step_key], result_path)
    return {subject: value for (subject, _key), value in found.items()}


def step_result_part_by_subject_and_step(
    subjects: Collection[uuid.UUID], step_keys: Collection[str], result_path: str = ""
) -> dict[tuple[uuid.UUID, str], Any]:
    """By subject and key of a step the same of several steps, in one query; the whole of what it
    came to without a ``result_path``."""
    rows = Step.objects.filter(
        job__subject__in=list(subjects), job__state=JobState.DONE, key__in=list(step_keys)
    ).order_by("job")
    named = f"result__{result_path}" if result_path else "result"
    return {(subject, key): value for subject, key, value in
            rows.values_list("job__subject", "key", named)}  # fmt: skip


def subjects_and_steps_of_done_jobs(
    subjects: Collection[uuid.UUID], step_keys: Collection[str]
) -> set[tuple[uuid.UUID, str]]:
    """Which of ``subjects`` (whose jobs are done) have which of these steps."""
    rows = Step.objects.filter(
        job__subject__in=list(subjects), job__state=JobState.DONE, key__in=list(step_keys)
    )
    return set(rows.values_list("job__subject", "key"))


def open_jobs_requested_by(requested_by: uuid.UUID, kind: str) -> QuerySet[Job]:
    """Jobs of that kind that somebody has asked for and that have not ended."""
    return Job.objects.filter(requested_by=requested_by, kind=kind, state__in=OPEN)


def open_jobs_of(kind: str) -> QuerySet[Job]:
    """Jobs of that kind that have not ended, whoever asked for them."""
    return Job.objects.filter(kind=kind, state__in=OPEN)


def steps_to_begin(job: Job, at: dt.datetime) -> list[Step]:
    """Steps of ``job`` that nobody is at, of the first stage that is not done; none once it has
    ended."""
    left = job.steps.filter(job__state__in=OPEN).exclude(state=StepState.DONE)
    stage = left.aggregate(first=Min("stage"))["first"]
    return list(left.filter(is_unclaimed(at), stage=stage).order_by("id").defer("blob", "result"))


def is_unclaimed(at: dt.datetime) -> Q:
    """Steps that nobody is at: never begun, to be tried again by now, or left by a lost worker."""
    return Q(claimed_until=None) | Q(claimed_until__lte=at)


def blobs_of(job: Job, keys: Sequence[str]) -> Iterator[bytes]:
    """What each of these steps, which are done, has left for those after it; one at a time, in the
    order of ``keys``."""
    for key in keys:
        with without_memory_map():
            blob = job.steps.values_list("blob", flat=True).get(key=key)
        assert blob is not None  # noqa: S101 - kept until the job has ended
        yield bytes(blob)


def jobs_with_unclaimed_steps(at: dt.datetime, limit: int) -> list[Job]:
    """Open jobs with a step that nobody is at, longest waiting first."""
    waiting = Step.objects.filter(is_unclaimed(at)).exclude(state=StepState.DONE)
    return list(
        Job.objects.filter(state__in=OPEN, pk__in=waiting.values("job_id")).order_by("id")[:limit]
    )
