"""What can be commented on: a line in ``TARGETS`` for each noun."""

import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from riskreg.comments.models import Comment
from riskreg.decisions.models import Acceptance, Decision
from riskreg.decisions.queries.acceptances import visible_acceptances
from riskreg.decisions.queries.decisions import bare_decision_for
from riskreg.indicators.models import Indicator, Reading
from riskreg.indicators.queries.access import indicator_for, readings_of
from riskreg.kernel.errors import NotFound
from riskreg.register.access import Viewer
from riskreg.risks.models import Control, Mitigation, Risk
from riskreg.risks.queries.access import control_for, is_valid_ref, mitigation_for, risk_for


@dataclass(frozen=True)
class Target:
    """A noun that can be commented on.

    ``find(viewer, name)`` gives the thing of that ref or id, or raises ``NotFound`` also for
    another party's own; ``page`` is the name of its page, ``key`` the argument of that.
    """

    model: Any
    find: Callable[[Viewer, str], Any]
    page: str
    key: str = "ref"
    title: str = "title"
    # What is read with it to know its title.
    related: tuple[str, ...] = ()


def _control_by_id_text(viewer: Viewer, id_text: str) -> Control:
    try:
        return control_for(viewer, uuid.UUID(id_text))
    except ValueError:
        raise NotFound(_("There is no such control.")) from None


def _acceptance_by_ref(viewer: Viewer, ref: str) -> Acceptance:
    rows = visible_acceptances(viewer).select_related("party", "risk")
    row = rows.filter(ref=ref).first() if is_valid_ref(ref) else None
    if row is None:
        raise NotFound(_("There is no such acceptance."))
    return row


TARGETS: dict[str, Target] = {
    "risk": Target(Risk, risk_for, "web:risk"),
    "mitigation": Target(Mitigation, mitigation_for, "web:mitigation"),
    "control": Target(Control, _control_by_id_text, "web:control", key="control", title="name"),
    "indicator": Target(Indicator, indicator_for, "web:indicator"),
    "acceptance": Target(Acceptance, _acceptance_by_ref, "web:acceptance", related=("risk",)),
    "decision": Target(Decision, bare_decision_for, "web:decision"),
}


def thing_by_ref_or_id(viewer: Viewer, kind: object, ref_or_id: object) -> Any:
    """The thing of that type and ref (a control: its id). Raises ``NotFound``."""
    target = TARGETS.get(str(kind))
    if target is None:
        raise NotFound(_("There is nothing of that kind to comment on."))
    thing = target.find(viewer, str(ref_or_id))
    thing.register = viewer.register
    return thing


def kind_of_thing(thing: Any) -> str:
    """The key in ``TARGETS`` of what ``thing`` is."""
    return str(thing._meta.model_name)


def ref_or_id(thing: Any) -> str:
    """What addresses and the API call a thing: its ref, or its id where it has none."""
    return str(getattr(thing, "ref", "") or thing.uuid)


def ref_and_title_of(thing: Any) -> str:
    """Its ref and title in the reader's language, or its name alone where it has no ref."""
    title = TARGETS[kind_of_thing(thing)].title
    text = str(thing.localized(title) if hasattr(thing, "localized") else getattr(thing, title))
    ref = getattr(thing, "ref", "")
    return f"{ref} {text}" if ref else text


def things_by_id_of_comments(viewer: Viewer, rows: Collection[Comment]) -> dict[uuid.UUID, Any]:
    """What ``rows`` are about, by public id; one query for each kind of thing among them."""
    found: dict[uuid.UUID, Any] = {}
    for kind, target in TARGETS.items():
        wanted = {row.about for row in rows if row.about_type == kind}
        if wanted:
            things: QuerySet[Any] = target.model.objects.visible_to(viewer)
            things = things.select_related("party", *target.related)
            found |= {thing.uuid: thing for thing in things.filter(uuid__in=wanted)}
    return found


def reading_of_indicator_or_none(viewer: Viewer, thing: Any, name: object) -> Reading | None:
    """The reading of that id, if ``thing`` is its indicator; None for none such."""
    try:
        key = uuid.UUID(str(name))
    except ValueError:
        return None
    if not isinstance(thing, Indicator):
        return None
    return readings_of(viewer, thing, include_corrected=True).filter(uuid=key).first()
