"""Board packs for tests, made as a worker makes them."""

from typing import Any

from riskreg.exchange.models import BoardPack
from riskreg.exchange.services.packs import request_pack
from riskreg.jobs.queries import newest_job_of, steps_to_begin
from riskreg.jobs.services import run_step
from tests.builders import World


def pack(world: World, by: str = "manager", *, done: bool = True, **given: Any) -> BoardPack:
    """A pack that ``by`` asks for; ``done``: made at once."""
    row = request_pack(actor=world.viewer(by), given=given, at=world.at)
    return made(world, row) if done else row


def made(world: World, row: BoardPack) -> BoardPack:
    """``row`` after a worker has worked on it."""
    job = newest_job_of(row.uuid)
    assert job is not None
    while steps := steps_to_begin(job, world.at):
        for step in steps:
            run_step(step.pk, lambda: world.at)
        job.refresh_from_db()
        if job.failure:
            break
    row.refresh_from_db()
    return row
