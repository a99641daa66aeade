"""The ladder that each register climbs."""

from dataclasses import dataclass

from django.db.models import OuterRef, Subquery

from riskreg.register.models import Register
from riskreg.reminders.models import Ladder
from riskreg.reminders.policy import DEFAULT_LADDER, Rung, rungs_from


@dataclass(frozen=True)
class InForce:
    """A register's ladder: ``number`` 0 and no ``ladder_id`` for the default, which has no row."""

    number: int
    rungs: tuple[Rung, ...]
    ladder_id: int | None = None


DEFAULT = InForce(0, DEFAULT_LADDER)


def ladder_of(register: Register) -> InForce:
    """The ladder that ``register`` climbs today."""
    row = Ladder.objects.filter(register=register).order_by("-number").first()
    return DEFAULT if row is None else _in_force(row)


def own_ladders_by_register() -> dict[int, InForce]:
    """The ladders of registers that made their own, by the register's database id (one query)."""
    newest = Ladder.objects.filter(register=OuterRef("register")).order_by("-number")
    rows = Ladder.objects.filter(pk=Subquery(newest.values("pk")[:1]))
    return {row.register_id: _in_force(row) for row in rows}


def ladder_versions(register: Register) -> list[Ladder]:
    """Every ladder that ``register`` ever made, newest first."""
    return list(Ladder.objects.filter(register=register).order_by("-number"))


def _in_force(row: Ladder) -> InForce:
    return InForce(row.number, rungs_from(row.rungs), row.pk)
