"""New drafts that begin as copies of other risks: of one, or of those of another register."""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.kernel.errors import Invalid, NotFound
from riskreg.register.access import Viewer, viewer_for
from riskreg.register.permissions import require
from riskreg.register.queries import ANSWERABLE, active_members_for, objectives_for, terms_of
from riskreg.register.visibility import Visibility
from riskreg.risks.models import Risk, State
from riskreg.risks.queries.access import current_positions, risk_for, visible_risks
from riskreg.risks.queries.links import objective_keys_by_risk
from riskreg.risks.services.risks import create_risk

_COPIED = (
    "title", "cause", "event", "consequence", "kind", "response", "sources", "labels",
    "translations",
)  # fmt: skip
# More would not be done before whoever asked for it gives up waiting.
MOST_AT_ONCE = 200


@dataclass(frozen=True)
class Copied:
    """The drafts that were made, how many risks have their title here already, and how many are
    left for another time."""

    made: list[Risk]
    there: int
    left: int


@transaction.atomic
def clone_risk(*, actor: Viewer, ref: str, at: dt.datetime) -> Risk:
    """Make a draft of the actor's party that says what the risk called ``ref`` says.

    What was judged, reviewed or planned stays with that one, and what another system calls it. It
    is seen by whoever sees that one. Owner and deputy are kept where they are of the actor's party
    and can answer for it; else the actor owns it. Raises ``NotFound``, ``Forbidden``, ``Invalid``.
    """
    require(actor, "risk.create")
    risk = risk_for(actor, ref)
    fields = _copied_fields(actor, risk, _own_people_who_can_answer(actor))
    # What is out of use is not taken up again.
    terms = risk.terms.filter(retired_at=None, merged_into=None).select_related("taxonomy")
    fields["terms"] = [f"{term.taxonomy.key}:{term.key}" for term in terms]
    fields["objectives"] = objective_keys_by_risk(actor, [risk.pk]).get(risk.pk, [])
    return create_risk(actor=actor, fields=fields, visibility=risk.visibility, at=at)


@transaction.atomic
def copy_open_risks_from_register(
    *, actor: Viewer, slug: str, visibility: str = Visibility.PARTY, at: dt.datetime
) -> Copied:
    """Make drafts of the actor's party of the open risks of another register of theirs.

    As of last year's: each says what that one says, with the terms and objectives that are called
    alike here, and nothing of what was judged, reviewed or planned there. Drafts are the party's
    own; ``visibility`` "shared" shows all parties here those that all saw there. What is a party's
    own there is copied for that party alone, by its key. A risk whose title an open one or a draft
    has here is left out, so that twice is as once; at most ``MOST_AT_ONCE`` are made.
    Raises ``Invalid`` naming register or visibility, ``Forbidden``.
    """
    require(actor, "import.make")
    if visibility not in Visibility.values:
        raise Invalid.one("visibility", "unknown", _("This must be one of: shared, party."))
    other = _viewer_in_other_register_or_raise_invalid(actor, slug)
    known = {
        title.casefold()
        for title in _draft_and_open_positions(actor).values_list("risk__title", flat=True)
    }
    rows = current_positions(other).filter(state=State.OPEN)
    if other.party is None or actor.party is None or other.party.key != actor.party.key:
        rows = rows.filter(visibility=Visibility.SHARED)
    wanted, there = [], 0
    for pk, title in rows.order_by("risk__ref").values_list("risk_id", "risk__title").iterator():
        folded = title.casefold()
        if folded in known:
            there += 1
        else:
            wanted.append(pk)
        known.add(folded)
    # Of a large register no more is read in full than is copied.
    first = visible_risks(other).filter(pk__in=wanted[:MOST_AT_ONCE])
    chosen = list(first.select_related("owner", "deputy").order_by("ref"))
    terms, objectives = (
        _terms_in_use_here(actor, chosen),
        _shared_objectives_here(actor, other, chosen),
    )
    people = _own_people_who_can_answer(actor)
    made = []
    for risk in chosen:
        fields = _copied_fields(actor, risk, people)
        fields |= {"terms": terms.get(risk.pk, []), "objectives": objectives.get(risk.pk, [])}
        shown = visibility if risk.visibility == Visibility.SHARED else Visibility.PARTY
        made.append(create_risk(actor=actor, fields=fields, visibility=shown, at=at))
    return Copied(made, there, len(wanted) - len(chosen))


def _viewer_in_other_register_or_raise_invalid(actor: Viewer, slug: str) -> Viewer:
    if slug == actor.register.slug:
        raise Invalid.one("register", "itself", _("This is the register itself; choose another."))
    try:
        return viewer_for(actor.user, slug, actor.request_id)
    except NotFound:
        raise invalid_no_such_register() from None


def invalid_no_such_register() -> Invalid:
    """What is said of a register that is not there, or not its caller's."""
    text = _("You are in no register of that name in addresses; choose one of yours.")
    return Invalid.one("register", "unknown", text)


def _draft_and_open_positions(actor: Viewer) -> Any:
    return current_positions(actor).filter(state__in=(State.DRAFT, State.OPEN))


def _own_people_who_can_answer(actor: Viewer) -> set[int]:
    own = active_members_for(actor).filter(party=actor.party, role__in=ANSWERABLE)
    return {member.user_id for member in own}


def _copied_fields(actor: Viewer, risk: Risk, people: Collection[int]) -> dict[str, Any]:
    fields: dict[str, Any] = {name: getattr(risk, name) for name in _COPIED}
    fields["labels"] = {n: label for n, label in risk.labels.items() if n in _COPIED}
    fields["owner"] = risk.owner if risk.owner_id in people else actor.user
    if risk.deputy_id in people and risk.deputy_id != fields["owner"].pk:
        fields["deputy"] = risk.deputy
    return fields


def _terms_in_use_here(actor: Viewer, risks: Collection[Risk]) -> Mapping[int, list[str]]:
    """{risk: [taxonomy:term, …]} that are in use here, by the keys that they have there."""
    active = terms_of(actor).filter(retired_at=None, merged_into=None)
    here = set(active.values_list("taxonomy__key", "key"))
    links = Risk.terms.through.objects.filter(risk__in=risks)
    found: dict[int, list[str]] = {}
    for risk, taxonomy, term in links.values_list("risk_id", "term__taxonomy__key", "term__key"):
        if (taxonomy, term) in here:
            found.setdefault(risk, []).append(f"{taxonomy}:{term}")
    return found


def _shared_objectives_here(
    actor: Viewer, other: Viewer, risks: Collection[Risk]
) -> Mapping[int, list[str]]:
    """{risk: [objective, …]} that are shared here, by the keys that they have there."""
    shared = objectives_for(actor).filter(visibility=Visibility.SHARED)
    here = set(shared.values_list("key", flat=True))
    there = objective_keys_by_risk(other, [risk.pk for risk in risks])
    return {risk: [key for key in keys if key in here] for risk, keys in there.items()}
