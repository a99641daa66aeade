"""What says that it is sourced and names no source of its own: it rests on those of its risk."""

from django.db.models import OuterRef, Q, Subquery
from django.utils.translation import gettext as _

from riskreg.kernel.errors import Errors
from riskreg.kernel.punctuation import enumerate_texts
from riskreg.register.access import Viewer
from riskreg.risks.models import Assessment, Mitigation, Risk
from riskreg.risks.parts import visible_relations

_SOURCED = "sourced"
# Enough to begin with; how many more there are is seen on the next try.
_NAMED = 10


def check_sources_are_kept_where_relied_on(errors: Errors, actor: Viewer, risk: Risk) -> None:
    """Note that ``risk`` cannot be without a source while something in force rests on one.

    Of what is another party's own nobody learns here, so it refuses nothing.
    """
    if not risk.sources or "sources" in errors.fields:
        return
    resting = [
        *_sourced_score_texts(actor, risk),
        *_refs_of_mitigations_sourced_here_alone(actor, risk),
        *_texts_of_relations_sourced_here_alone(actor, risk),
    ]
    if resting:
        text = _(
            "These say “sourced” by the sources of this risk: %s. Choose another label there "
            "first, or name another source here."
        )
        errors.add("sources", "needs_source", text % enumerate_texts(resting[:_NAMED]))


def _sourced_score_texts(actor: Viewer, risk: Risk) -> list[str]:
    """The stages whose latest score is sourced."""
    latest = (
        Assessment.objects.filter(risk=risk, stage=OuterRef("stage"))
        .order_by("-at", "-id")
        .values("pk")[:1]
    )
    rows = Assessment.objects.visible_to(actor).filter(
        risk=risk, label=_SOURCED, pk=Subquery(latest)
    )
    return [_("the score (%s)") % row.get_stage_display() for row in rows.order_by("pk")]


def _refs_of_mitigations_sourced_here_alone(actor: Viewer, risk: Risk) -> list[str]:
    """Mitigations with a sourced field that serve no other risk with a source."""
    rows = (
        Mitigation.objects.visible_to(actor)
        .filter(risks=risk)
        .prefetch_related("risks")
        .order_by("pk")
    )
    return [
        row.ref
        for row in rows
        if _SOURCED in row.labels.values()
        and not any(other.sources for other in row.risks.all() if other.pk != risk.pk)
    ]


def _texts_of_relations_sourced_here_alone(actor: Viewer, risk: Risk) -> list[str]:
    """Relations in force, by their other end, where that has no source either."""
    rows = (
        visible_relations(actor)
        .filter(Q(risk=risk) | Q(other=risk), label=_SOURCED, ended_at=None)
        .select_related("risk", "other")
        .order_by("pk")
    )
    ends = [row.other if row.risk_id == risk.pk else row.risk for row in rows]
    return [_("the relation to %s") % end.ref for end in ends if not end.sources]
