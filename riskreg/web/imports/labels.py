"""What the fields, outcomes and formats of an import are called on its pages."""

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from riskreg.exchange.mapping.columns import FIELDS, IGNORE, STAGES
from riskreg.kernel.localised import localised
from riskreg.register.access import Viewer
from riskreg.register.queries import taxonomies_for
from riskreg.risks.fields import MITIGATION, RISK
from riskreg.risks.models import Stage


def outcome_labels() -> dict[str, str]:
    """Outcomes of a row."""
    return {
        "new": _("new"),
        "updated": _("updated"),
        "skipped": _("skipped"),
        "refused": _("not taken"),
    }


def format_label(name: str) -> str:
    """How a file was written: its usual ending, or that it was no file."""
    return _("pasted rows") if name == "paste" else name


def column_meaning_choices(viewer: Viewer) -> list[tuple[str, list[tuple[str, str]]]]:
    """What a column can be, in groups, for a choice."""
    own = [
        (name, _column_meaning_label(name)) for name in FIELDS if not name.startswith("mitigation.")
    ]
    work = [
        (name, _column_meaning_label(name)) for name in FIELDS if name.startswith("mitigation.")
    ]
    parts = {
        "likelihood": _("likelihood"),
        "impact": _("impact"),
        "score": _("score"),
        "rating": _("rating"),
    }
    scores = [
        (
            f"{stage}.{part}",
            capfirst(_("%(stage)s: %(part)s") % {"stage": Stage(stage).label, "part": word}),
        )
        for stage in STAGES
        for part, word in parts.items()
    ]
    terms = [(f"terms.{t.key}", localised(t.names, t.key)) for t in taxonomies_for(viewer)]
    return [
        (_("Not a field here"), [("", _("keep with the source")), (IGNORE, _("leave out"))]),
        (_("Risk"), own),
        (_("Scores"), scores),
        (_("Mitigation"), work),
        (_("Classifications"), terms),
    ]


def _column_meaning_label(name: str) -> str:
    special = {
        "ref": _("Reference"),
        "identified_on": _("Found on"),
        "closed_on": _("Closed on"),
        "closing_reason": _("Closed because"),
        "happened_cost_label": _("Where the cost is known from"),
        "rationale": _("Reason of the score"),
        "dimension": _("Residual impact driven by"),
        "control": _("Control, preventive"),
        "control.corrective": _("Control, corrective"),
        "terms": _("Classifications"),
    }
    if name in special:
        return special[name]
    table = MITIGATION if name.startswith("mitigation.") else RISK
    field = table[name.removeprefix("mitigation.")]
    return capfirst(str(field.label or field.history))


def field_label(name: str) -> str:
    """The name of a field, or of what else a row changes, in a sentence."""
    if name in Stage.values:
        return str(Stage(name).label)
    if name in ("mitigation", "mitigations", "controls"):
        return _("Controls") if name == "controls" else _("Mitigation")
    return _column_meaning_label(name)
