"""A new draft that begins as a copy of another risk."""

import datetime as dt
from typing import Any

from django.db import transaction

from riskreg.register.access import Viewer
from riskreg.register.permissions import require
from riskreg.register.queries import ANSWERABLE, members_for
from riskreg.risks.models import Risk
from riskreg.risks.queries.access import risk_for
from riskreg.risks.queries.links import objectives_by_risk
from riskreg.risks.services.risks import create_risk

_COPIED = (
    "title", "cause", "event", "consequence", "kind", "response", "sources", "labels",
    "translations",
)  # fmt: skip


@transaction.atomic
def clone_risk(*, actor: Viewer, ref: str, at: dt.datetime) -> Risk:
    """Make a draft of the actor's party that says what the risk called ``ref`` says.

    What was judged, reviewed or planned stays with that one, and what another system calls it. It
    is seen by whoever sees that one. Owner and deputy are kept where they are of the actor's party
    and can answer for it; else the actor owns it. Raises ``NotFound``, ``Forbidden``, ``Invalid``.
    """
    require(actor, "risk.create")
    risk = risk_for(actor, ref)
    own = members_for(actor).filter(party=actor.party, role__in=ANSWERABLE)
    people = {member.user_id for member in own}
    fields: dict[str, Any] = {name: getattr(risk, name) for name in _COPIED}
    fields["labels"] = {n: label for n, label in risk.labels.items() if n in _COPIED}
    fields["owner"] = risk.owner if risk.owner_id in people else actor.user
    if risk.deputy_id in people and risk.deputy_id != fields["owner"].pk:
        fields["deputy"] = risk.deputy
    # What is out of use is not taken up again.
    terms = risk.terms.filter(retired_at=None, merged_into=None).select_related("taxonomy")
    fields["terms"] = [f"{term.taxonomy.key}:{term.key}" for term in terms]
    fields["objectives"] = objectives_by_risk(actor, [risk.pk]).get(risk.pk, [])
    return create_risk(actor=actor, fields=fields, visibility=risk.visibility, at=at)
