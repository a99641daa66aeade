"""A dry run: everything that an import would do, and nothing of it done."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from riskreg.exchange.mapping import Answers, Plan, clean_answers, plan_import
from riskreg.exchange.models import Import
from riskreg.exchange.queries import import_context_for, remembered_answers
from riskreg.exchange.reading import read_file
from riskreg.exchange.services.checking import check_rows
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


def preview_import(
    *, actor: Viewer, brought: Brought, mapping: Any = None, at: dt.datetime
) -> tuple[Plan, Answers]:
    """What would become of each row. ``mapping``: answers; those to the last file of this header
    count where none are given.

    Raises ``NotARegister``, ``Invalid`` for wrong answers, ``Forbidden``.
    """
    require(actor, "import.make")
    table = read_file(brought.data, sheet=brought.sheet, pasted=brought.pasted)
    keys = tuple(taxonomy.key for taxonomy in taxonomies_for(actor))
    answers = (
        remembered_answers(actor, table, keys) if mapping is None else clean_answers(mapping, keys)
    )
    context = import_context_for(actor, brought.name, at)
    return check_rows(actor, plan_import(table, answers, context)), answers


def bring_in(
    *, actor: Viewer, brought: Brought, mapping: Any = None, at: dt.datetime
) -> tuple[Import | None, Plan]:
    """Bring a file in, unless something must be answered first (then no import is returned)."""
    plan, answers = preview_import(actor=actor, brought=brought, mapping=mapping, at=at)
    if plan.asked:
        return None, plan
    return commit_import(
        actor=actor,
        plan=plan,
        answers=answers,
        file_name=brought.name,
        data=brought.data,
        at=at,
    )
