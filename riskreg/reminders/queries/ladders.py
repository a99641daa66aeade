"""The ladder that each register climbs."""

from dataclasses import dataclass

from django.db.models import OuterRef, Subquery

from riskreg.register.models import Register
from riskreg.reminders.models import Ladder
from riskreg.reminders.policy import DEFAULT_LADDER, Rung, rungs_from


@dataclass(frozen=True)
class LadderInForce:
    """A register's ladder: ``number`` 0 and no ``ladder_id`` for the default, which has no row."""

    number: int
    rungs: tuple[Rung, ...]
    ladder_id: int | None = None


DEFAULT = LadderInForce(0, DEFAULT_LADDER)


def ladder_in_force_of(register: Register) -> LadderInForce:
    """The ladder that ``register`` climbs today."""
    row = Ladder.objects.filter(register=register).order_by("-number").first()
    return DEFAULT if row is None else _ladder_in_force_from_row(row)


def own_ladders_by_register() -> dict[int, LadderInForce]:
    """The ladders of registers that made their own, by the register's database id (one query)."""
    newest = Ladder.objects.filter(register=OuterRef("register")).order_by("-number")
    rows = Ladder.objects.filter(pk=Subquery(newest.values("pk")[:1]))
    return {row.register_id: _ladder_in_force_from_row(row) for row in rows}


def ladder_versions(register: Register) -> list[Ladder]:
    """Every ladder that ``register`` ever made, newest first."""
    return list(Ladder.objects.filter(register=register).order_by("-number"))


def _ladder_in_force_from_row(row: Ladder) -> LadderInForce:
    return LadderInForce(row.number, rungs_from(row.rungs), row.pk)
