"""Long work in steps: no step is lost, none counts twice, whoever dies when."""

import datetime as dt
import random
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from celery import current_app
from django.db import OperationalError

from riskreg.jobs import kinds, services
from riskreg.jobs.kinds import Outcome
from riskreg.jobs.models import Job, JobState, Step, StepState
from riskreg.jobs.queries import newest_job_of, progress_of_newest_job_of_each, steps_to_begin
from riskreg.jobs.services import CLAIM, MOST_ATTEMPTS, NewStep
from riskreg.kernel.errors import Conflict, Invalid

pytestmark = pytest.mark.django_db
AT = dt.datetime(2026, 9, 16, 8, 0, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)


class Killed(BaseException):
    """The process is gone: nothing catches this."""


class Diary:
    """What was worked on and what was written, and what is to happen meanwhile."""

    def __init__(self) -> None:
        self.worked: list[str] = []
        self.saved: list[str] = []
        self.meanwhile: Callable[[str], None] = lambda where: None


DIARY = Diary()


def work(step: Step, renew_claim_or_raise_if_cancelled: Callable[[], None]) -> Outcome:
    DIARY.worked.append(step.key)
    DIARY.meanwhile(f"working {step.key}")
    renew_claim_or_raise_if_cancelled()

    def save() -> None:
        DIARY.saved.append(step.key)
        DIARY.meanwhile(f"saving {step.key}")

    return Outcome({"hash": step.inputs_hash, "key": step.key}, step.key.encode(), save)


@pytest.fixture(autouse=True)
def diary(monkeypatch: pytest.MonkeyPatch) -> Diary:
    DIARY.__init__()  # type: ignore[misc]
    monkeypatch.setitem(kinds.WORK, "test", f"{__name__}.work")
    # Whether the work is wanted is looked at every time, however fast the test is.
    monkeypatch.setattr(services, "_LOOKS_EVERY", 0.0)
    return DIARY


def start(*keys: str, **more: Any) -> Job:
    """A job whose keys say their stage: a0, a1 before b0."""
    steps = [
        NewStep(key, "test", stage=ord(key[0]) - ord("a"), inputs_hash=f"{key:0>64}", weight=2)
        for key in keys
    ]
    return services.start_job(
        kind="test", subject=uuid.uuid4(), audience="everybody", requested_by=uuid.uuid4(),
        steps=steps, at=AT, **more,
    )  # fmt: skip


def run_all(job: Job, at: dt.datetime = AT, dice: random.Random | None = None) -> None:
    """Workers take whatever can be begun, in any order, until nothing can."""
    while steps := steps_to_begin(job, at):
        if dice:
            dice.shuffle(steps)
        for step in steps:
            services.run_step(step.pk, lambda: at)


def state_of(job: Job) -> str:
    return Job.objects.get(pk=job.pk).state


def test_steps_are_woken_stage_by_stage(
    woken: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        job = start("a0", "a1", "b0")
    pks = {step.key: step.pk for step in job.steps.all()}
    assert woken == [("jobs.run_step", (pks["a0"],)), ("jobs.run_step", (pks["a1"],))]
    with django_capture_on_commit_callbacks(execute=True):
        assert services.run_step(pks["a0"], lambda: AT)
    assert ("jobs.run_step", (pks["b0"],)) not in woken
    assert services.begin_step(pks["b0"], AT) is None
    with django_capture_on_commit_callbacks(execute=True):
        assert services.run_step(pks["a1"], lambda: AT)
    assert woken[-1] == ("jobs.run_step", (pks["b0"],))


def test_the_last_step_ends_the_job_and_drops_what_was_kept_for_others(diary: Diary) -> None:
    job = start("a0", "b0")
    run_all(job)
    assert state_of(job) == JobState.DONE
    assert [s.result["key"] for s in job.steps.order_by("id")] == ["a0", "b0"]  # type: ignore[index]
    assert not job.steps.exclude(blob=None).exists()
    assert diary.saved == ["a0", "b0"]


def test_two_workers_at_one_step_do_it_once(diary: Diary) -> None:
    job = start("a0")
    step = job.steps.get()
    diary.meanwhile = lambda where: (  # type: ignore[assignment]
        services.run_step(step.pk, lambda: AT) if where.startswith("working") else None
    )
    assert services.run_step(step.pk, lambda: AT)
    assert not services.run_step(step.pk, lambda: AT)
    assert diary.worked == ["a0"]
    assert diary.saved == ["a0"]


def test_a_disk_that_is_full_leaves_its_step_to_be_done_again(diary: Diary) -> None:
    """What a step came to cannot be kept: it is not done, nor is the job, until there is room."""
    job = start("a0", "b0")

    def full(where: str) -> None:
        if where == "saving b0":
            raise OperationalError("database or disk is full")

    diary.meanwhile = full  # type: ignore[assignment]
    with pytest.raises(OperationalError):
        run_all(job)
    last = job.steps.get(key="b0")
    assert (state_of(job), last.state, last.result) == (JobState.RUNNING, StepState.RUNNING, None)
    assert progress_of_newest_job_of_each([job.subject])[job.subject].percent == 50
    diary.meanwhile = lambda where: None  # type: ignore[assignment]
    assert steps_to_begin(job, AT) == []
    run_all(job, AT + CLAIM)
    assert state_of(job) == JobState.DONE
    assert job.steps.get(key="b0").result == {"hash": last.inputs_hash, "key": "b0"}


def test_finishing_twice_changes_nothing(diary: Diary) -> None:
    """A worker thought lost comes back after another has done its step."""
    job = start("a0", "b0")
    step = services.begin_step(job.steps.get(key="a0").pk, AT)
    assert step is not None
    run_all(job, AT + CLAIM)
    late = Outcome({"key": "other"}, save=lambda: diary.saved.append("late"))
    assert services.finish_step(step, late, AT + CLAIM) is False
    assert job.steps.get(key="a0").result == {"hash": step.inputs_hash, "key": "a0"}
    assert diary.saved == ["a0", "b0"]


@pytest.mark.parametrize("keys", [("a0", "a1", "b0", "b1", "c0")])
@pytest.mark.parametrize("where", ["begun", "working", "saving"])
@pytest.mark.parametrize("victim", ["a0", "a1", "b0", "b1", "c0"])
def test_a_worker_that_dies_anywhere_costs_its_step_and_no_more(
    diary: Diary, woken: list[Any], keys: tuple[str, ...], where: str, victim: str
) -> None:
    job = start(*keys)
    killed: list[str] = []

    def meanwhile(place: str) -> None:
        if place == f"{where} {victim}" and not killed:
            killed.append(place)
            raise Killed

    diary.meanwhile = meanwhile
    at = AT
    for _round in range(12):
        for step in steps_to_begin(job, at):
            try:
                if where == "begun" and step.key == victim and not killed:
                    killed.append(victim)
                    services.begin_step(step.pk, at)
                else:
                    services.run_step(step.pk, lambda at=at: at)  # type: ignore[misc]
            except Killed:
                pass
        at += SECOND
    assert killed
    assert state_of(job) == JobState.RUNNING, "nobody can have its step while its claim holds"
    woken.clear()
    at = AT + CLAIM + 30 * SECOND
    assert services.wake_workers_for_unclaimed(at) == 1
    assert woken == [("jobs.run_step", (job.steps.get(key=victim).pk,))]
    run_all(job, at)
    assert state_of(job) == JobState.DONE
    assert sorted(s.result["key"] for s in job.steps.all()) == sorted(keys)  # type: ignore[index]
    written = [key for key in diary.saved if key != victim]
    assert sorted(written) == sorted(set(keys) - {victim})


@pytest.mark.parametrize("seed", [1, 2, 7])
def test_the_order_of_the_workers_changes_nothing(seed: int) -> None:
    job = start(*(f"{stage}{n}" for stage in "abc" for n in range(5)))
    run_all(job, dice=random.Random(seed))
    assert state_of(job) == JobState.DONE
    assert all(s.result["hash"] == s.inputs_hash for s in job.steps.all())  # type: ignore[index]
    assert job.steps.filter(attempt=1).count() == 15


def test_what_goes_wrong_is_tried_again_and_then_given_up(diary: Diary) -> None:
    job = start("a0", "b0")

    def broken(where: str) -> None:
        raise OSError("No space left on device")

    diary.meanwhile = broken
    at = AT
    for _n in range(MOST_ATTEMPTS - 1):
        run_all(job, at)
        step = job.steps.get(key="a0")
        assert (step.state, state_of(job)) == (StepState.WAITING, JobState.RUNNING)
        at += dt.timedelta(seconds=11)
    run_all(job, at)
    row = Job.objects.get(pk=job.pk)
    assert row.state == JobState.FAILED
    assert row.failure["code"] == "gave_up"
    assert "No space left" in row.failure["detail"]
    assert job.steps.get(key="b0").state == StepState.WAITING


def test_a_step_that_kills_its_worker_every_time_is_given_up() -> None:
    job, at = start("a0"), AT
    for _n in range(MOST_ATTEMPTS):
        assert services.begin_step(job.steps.get().pk, at) is not None
        at += CLAIM
    services.wake_workers_for_unclaimed(at)
    assert state_of(job) == JobState.FAILED


def test_a_refusal_ends_the_job_with_its_words(diary: Diary) -> None:
    def refuse(where: str) -> None:
        raise Invalid.one("years", "out_of_range", "Too many years.")

    diary.meanwhile = refuse
    job = start("a0")
    run_all(job)
    row = Job.objects.get(pk=job.pk)
    assert row.failure == {"code": "refused", "detail": "Too many years.", "step": "a0"}


def test_cancelled_between_two_blocks_nothing_more_is_kept(diary: Diary) -> None:
    job = start("a0", "b0")
    diary.meanwhile = lambda where: services.cancel_job(job.uuid, AT) and None
    run_all(job)
    assert state_of(job) == JobState.CANCELLED
    assert diary.saved == []
    assert diary.worked == ["a0"]
    again = services.cancel_job(job.uuid, AT + SECOND)
    assert again.ended_at == AT, "a second cancel is as the first"
    assert services.wake_workers_for_unclaimed(AT + CLAIM) == 0


def test_what_is_done_cannot_be_cancelled() -> None:
    job = start("a0")
    run_all(job)
    with pytest.raises(Conflict):
        services.cancel_job(job.uuid, AT)


def test_a_claim_is_renewed_while_its_work_goes_on(
    diary: Diary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "_RENEWED_EVERY", 0.0)
    job, clock = start("a0"), [AT]
    step = job.steps.get()

    def long(where: str) -> None:
        clock[0] += CLAIM - SECOND

    diary.meanwhile = long
    begun = services.begin_step(step.pk, AT)
    assert begun is not None
    renew_claim_or_raise_if_cancelled = services._claim_renewal_for(begun, lambda: clock[0])
    clock[0] += CLAIM - SECOND
    renew_claim_or_raise_if_cancelled()
    assert services.begin_step(step.pk, AT + CLAIM) is None


def test_progress_is_read_from_the_rows_by_weight() -> None:
    job = start("a0", "b0", "b1", "b2")
    services.run_step(job.steps.get(key="a0").pk, lambda: AT)
    found = progress_of_newest_job_of_each([job.subject])[job.subject]
    assert (found.state, found.percent, found.done, found.steps) == ("running", 25, 1, 4)
    run_all(job)
    assert progress_of_newest_job_of_each([job.subject])[job.subject].percent == 100
    newest = newest_job_of(job.subject)
    assert newest is not None
    assert newest.pk == job.pk


def test_long_work_has_a_queue_of_its_own() -> None:
    route = current_app.amqp.router.route({}, "jobs.run_step")
    assert route["queue"].name == "jobs"
    assert set(current_app.amqp.queues) == {"celery", "jobs"}
