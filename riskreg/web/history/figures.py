"""Where the figures that a history tells come from, and what in it is written by people."""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from riskreg.events.models import Event
from riskreg.indicators.queries.breaches import RiskAndIndicator, breach_reading_labels
from riskreg.kernel.fields import Type
from riskreg.register.access import Viewer
from riskreg.register.policy import STAGES, weakest_label
from riskreg.risks.queries.lists import labels_of_mitigations
from riskreg.web.tables import find_field_of_noun_or_any
from riskreg.web.ui.labels import figure_label

WORK_FIGURES = ("cost", "progress", "spent")
# Fields that hold a figure: its label is told with it.
FIGURES = (*STAGES, *WORK_FIGURES, "baseline", "happened_cost", "reading", "readings", "value")
_NAMED = (
    "comment", "control", "controls", "objectives", "question", "rationale", "reason", "sources",
)  # fmt: skip


def is_free_text_field(field: str, noun: str) -> bool:
    """Whether a field is words of somebody, whose numbers belong to the words."""
    if field in _NAMED:
        return True
    known = find_field_of_noun_or_any(field, noun)
    return known is not None and known.type in (Type.TEXT, Type.LINE, Type.NAMES)


class FigureLabels:
    """The labels of the figures of some events: what they say themselves, else as is known now.

    Progress is reported, and a breach told, without one: those are read, a query for each of both,
    where there are any, but for events that were read with them
    (``with_mitigation_and_reading_labels``).
    """

    def __init__(
        self, viewer: Viewer, found: Iterable[Event], changes: Iterable[Mapping[str, Any]]
    ) -> None:
        self.scores = str(viewer.criteria.label)
        works, breached = set[uuid.UUID](), set[uuid.UUID]()
        for event, change in zip(found, changes, strict=True):
            if hasattr(event, "work_labels"):
                continue
            if event.subject_type == "mitigation" and not {*WORK_FIGURES}.isdisjoint(change):
                works.add(event.subject_uuid)
            if "reading" in change:
                breached.add(event.subject_uuid)
        self.works = labels_of_mitigations(viewer, works) if works else {}
        self.readings = breach_reading_labels(viewer, breached) if breached else {}

    def figure_label_for(self, field: str, event: Event, change: Mapping[str, Any]) -> str:
        """The label of ``field`` in ``event``; empty for what is no figure."""
        if field not in FIGURES:
            return ""
        if field in STAGES:
            return self.scores
        if field == "reading":
            indicator = str((change.get("indicator") or [None, ""])[1])
            known = self.readings.get(RiskAndIndicator(event.subject_uuid, indicator))
            return known or getattr(event, "reading_label", None) or "judgement"
        if field == "readings":
            return _weakest_label_of_readings(change["readings"][1])
        for name in ("labels", "label"):
            stated = (change.get(name) or [None, None])[1]
            if isinstance(stated, dict) and stated.get(field):
                return str(stated[field])
            if isinstance(stated, str) and stated:
                return stated
        labels = getattr(event, "work_labels", None) or self.works.get(event.subject_uuid)
        return figure_label(labels, "cost" if field == "spent" else field)


def _weakest_label_of_readings(rows: Any) -> str:
    """The weakest label of logged readings; older events tell them as text, without one."""
    rows = rows if isinstance(rows, list) else []
    labels = [row["label"] for row in rows if isinstance(row, Mapping) and row.get("label")]
    return weakest_label(map(str, labels))
