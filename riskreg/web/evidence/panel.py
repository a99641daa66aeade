"""What hangs on a thing, as its page lists it, with the form to attach more."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from riskreg.evidence.models import Evidence
from riskreg.evidence.queries import newest_evidence_on_all_together
from riskreg.evidence.services import may_add
from riskreg.evidence.targets import TARGETS, Thing
from riskreg.register.access import Viewer
from riskreg.web.evidence.forms import EvidenceForm
from riskreg.web.presenters import name_of_person


def evidence_panel(
    viewer: Viewer, kind: str, row: Any, inner: Sequence[Any] = (), inner_kind: str = ""
) -> dict[str, Any]:
    """The files of ``row`` (``rows``), those of what its page shows with it, ``inner``
    (``of``, by id), and the form; one query."""
    found, cut = newest_evidence_on_all_together(viewer, [row.uuid, *(each.uuid for each in inner)])
    thing = Thing(TARGETS[kind], row)
    rows = {name: [evidence_row(each) for each in files] for name, files in found.items()}
    return {
        "kind": kind,
        "ref": thing.ref,
        "rows": rows.get(row.uuid, []),
        "of": rows,
        "ids": [each.uuid for files in found.values() for each in files],
        "cut": cut,
        "inner_kind": inner_kind,
        "may_add": may_add(viewer, thing),
        "form": EvidenceForm(),
    }


def evidence_row(row: Evidence) -> dict[str, Any]:
    """A file as a list shows it."""
    return {
        "id": row.uuid,
        "name": row.name,
        "size": row.size,
        "label": row.label,
        "source": row.source,
        "who": name_of_person(row.added_by),
        "at": row.at,
        "private": row.visibility == "party",
        "party": row.party.name,
        "withdrawn": row.withdrawn_at,
        "reason": row.withdrawal_reason,
    }


def inner_files_context(panel: dict[str, Any], name: UUID) -> dict[str, Any]:
    """The files of one of the things that the page shows beside its own."""
    return {"rows": panel["of"].get(name, []), "kind": panel["inner_kind"], "ref": str(name)}


def thing_page_url(viewer: Viewer, thing: Thing) -> str:
    """The address of the page on which a thing and its files are shown."""
    page = thing.row_with_page
    name = getattr(page, "ref", None) or page.uuid
    route = f"web:{thing.target.page_of or thing.kind}"
    return reverse(route, args=[viewer.register.slug, name]) + "#evidence"


def thing_text(thing: Thing) -> str:
    """A thing in words, as in “R-001 Overseas policy barriers” or “Review of R-001 …”."""
    page = thing.row_with_page
    field = "title" if hasattr(page, "ref") else "name"
    title = f"{getattr(page, 'ref', '')} {page.localized(field)}".strip()
    if not thing.target.page_of:
        return title
    kind = capfirst(str(thing.target.label))
    return _("%(kind)s of %(title)s") % {"kind": kind, "title": title}
