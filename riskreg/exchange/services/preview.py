"""A dry run: everything that an import would do, and nothing of it done."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, NamedTuple

from riskreg.exchange.mapping import Answers, Plan, clean_answers, plan_import
from riskreg.exchange.models import Import
from riskreg.exchange.queries import import_context_for, remembered_answers
from riskreg.exchange.reading import read_file
from riskreg.exchange.services.checking import refuse_rows_services_would_refuse
from riskreg.exchange.services.committing import commit_import
from riskreg.register.access import Viewer
from riskreg.register.permissions import require
from riskreg.register.queries import taxonomies_for


@dataclass(frozen=True)
class Brought:
    """A file as somebody brings it: its name, its bytes, the sheet that they name."""

    name: str
    data: bytes
    sheet: str | None = None
    pasted: bool = False


class PlanAndAnswers(NamedTuple):
    """What would become of each row, and by which answers."""

    plan: Plan
    answers: Answers


class ImportAndPlan(NamedTuple):
    """What was made, None where something must be answered first, and what was or is asked."""

    made: Import | None
    plan: Plan


def preview_import(
    *, actor: Viewer, brought: Brought, answers_or_remembered: Any = None, at: dt.datetime
) -> PlanAndAnswers:
    """What would become of each row. ``answers_or_remembered`` None: by those that the party gave
    to its last file of this header.

    Raises ``NotARegister``, ``Invalid`` for wrong answers, ``Forbidden``.
    """
    require(actor, "import.make")
    table = read_file(brought.data, sheet=brought.sheet, pasted=brought.pasted)
    keys = tuple(taxonomy.key for taxonomy in taxonomies_for(actor))
    answers = (
        remembered_answers(actor, table, keys)
        if answers_or_remembered is None
        else clean_answers(answers_or_remembered, keys)
    )
    context = import_context_for(actor, brought.name, at)
    return PlanAndAnswers(
        refuse_rows_services_would_refuse(actor, plan_import(table, answers, context)), answers
    )


def import_file_unless_answers_needed(
    *, actor: Viewer, brought: Brought, answers_or_remembered: Any = None, at: dt.datetime
) -> ImportAndPlan:
    """Bring a file in, unless something must be answered first (then no import is returned)."""
    plan, answers = preview_import(
        actor=actor, brought=brought, answers_or_remembered=answers_or_remembered, at=at
    )
    if plan.asked:
        return ImportAndPlan(None, plan)
    done = commit_import(
        actor=actor,
        plan=plan,
        answers=answers,
        file_name=brought.name,
        data=brought.data,
        at=at,
    )
    return ImportAndPlan(*done)
