"""After a restore, programs that hold something of the lost time are told, not left in silence."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from riskreg.api.core.pagination import make_cursor
from riskreg.events.queries import is_history_lost
from riskreg.events.services import begin_epoch
from riskreg.operations.services.backing_up import make_backup
from riskreg.operations.services.restoring import restore
from riskreg.risks.models import Risk
from tests import builders
from tests.api.conftest import Program, is_problem
from tests.builders import AT, World


def new_risk(program: Program, key: str, **headers: str) -> Any:
    return program.post("risks/", {"title": key}, Idempotency_Key=key, **headers)


@pytest.mark.django_db(transaction=True)
def test_cursors_and_keys_of_the_lost_time_are_refused(
    lived: World, tmp_path: Path, at: dt.datetime
) -> None:
    owner = Program(lived.owner)
    kept = new_risk(owner, "before")
    assert kept.status_code == 201, kept.content
    in_backup = owner.get("changes/?limit=500").json()["cursor"]
    path = tmp_path / "one.backup.zip"
    make_backup(path, at)
    lost = new_risk(owner, "lost")
    assert lost.status_code == 201
    ahead = owner.get("changes/?limit=500").json()["cursor"]
    restore(path, at, replace=True)

    is_problem(owner.get(f"changes/?after={ahead}"), 410, "restored", "?after")
    assert owner.get(f"changes/?after={in_backup}").status_code == 200
    # What the backup knows of is answered as ever; what it does not know may be of the lost time.
    assert new_risk(owner, "before")["Idempotent-Replayed"] == "true"
    risks = Risk.objects.count()
    refused = new_risk(owner, "lost")
    is_problem(refused, 410, "restored", "Log-Epoch")
    assert Risk.objects.count() == risks
    again = new_risk(owner, "lost", Log_Epoch=refused["Log-Epoch"])
    assert again.status_code == 201
    assert again.json()["ref"] != lost.json()["ref"]
    # A cursor of now is one of this epoch, and stays good.
    now = owner.get("changes/?limit=500").json()["cursor"]
    assert owner.get(f"changes/?after={now}").json()["results"] == []


def test_a_cursor_from_before_there_were_epochs_still_reads(world: World) -> None:
    builders.risk(world)
    salt = f"riskreg.changes:{world.viewer(world.owner).audience.key}"
    old = make_cursor([0, 0], salt)
    assert Program(world.owner).get(f"changes/?after={old}").json()["results"]


def test_what_is_lost_is_counted_from_every_restore_since(world: World) -> None:
    builders.risk(world)
    audience = world.viewer(world.owner).audience
    first = begin_epoch(at=AT, backup_of=AT)
    head = first.heads[next(iter(k for k in first.heads if k.endswith(":shared")))]
    assert not is_history_lost(audience, head, 0, "")
    assert is_history_lost(audience, head + 1, 0, "")
    assert not is_history_lost(audience, head + 1, 0, first.name)
    # A name that is not known is of a history that was lost as a whole.
    assert is_history_lost(audience, 0, 0, "000000000000")
