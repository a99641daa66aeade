"""Parameters of the lists of nouns other than risks, as the schema describes them."""

from collections.abc import Mapping

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from riskreg.api.core.parameters import (
    EXTERNAL_ID,
    nonempty_text,
    query,
    repeated,
    repeated_text,
    switch,
)
from riskreg.evidence import filters as evidence_filters
from riskreg.evidence.targets import KINDS
from riskreg.indicators import filters as indicator_filters
from riskreg.indicators.models import Status
from riskreg.register import objective_filters
from riskreg.register.policy import LABELS
from riskreg.risks import control_filters, mitigation_filters, relation_filters
from riskreg.risks.models import ControlKind, Effectiveness, MitigationStatus, RelationKind

_UPDATED_SINCE = query("updated_since", "Changed at or after this time.", OpenApiTypes.DATETIME)
_OF_RISK = repeated_text("term", "taxonomy:term of a risk that it is for; several must all hold.")


def _parameters_of_every_list(noun: str, orderings: Mapping[str, str]) -> list[OpenApiParameter]:
    """What the list of every noun takes beside its own filters."""
    return [
        nonempty_text("q", f"Words that the {noun}'s texts hold, or its ref where it has one."),
        query(
            "ordering",
            "What to order by; a minus turns it round. Rows without a value come last.",
            enum=[sign + name for name in orderings for sign in ("", "-")],
        ),
    ]


MITIGATION_FILTERS = [
    repeated("status", "How far it has come.", enum=MitigationStatus.values),
    repeated_text("owner", "“me”, a member's id or e-mail address."),
    repeated_text("party", "A party's key."),
    repeated_text("risk", "The ref of a risk that it serves."),
    repeated_text("objective", "The key of an objective that a risk it serves bears on."),
    EXTERNAL_ID,
    query("due_before", "Due before this day.", OpenApiTypes.DATE),
    _OF_RISK,
    _UPDATED_SINCE,
    *_parameters_of_every_list("mitigation", mitigation_filters.ORDERINGS),
]
INDICATOR_FILTERS = [
    repeated("status", "How the newest reading stands.", enum=Status.values),
    repeated_text("owner", "“me”, a member's id or e-mail address."),
    repeated_text("party", "A party's key."),
    repeated_text("risk", "The ref of a risk that it watches."),
    repeated_text(
        "objective", "The key of an objective that it measures, or a risk it watches bears on."
    ),
    switch("late", "Whether a reading is late."),
    switch("active", "Whether it is in use."),
    EXTERNAL_ID,
    query("due_before", "In use, and to be read before this day.", OpenApiTypes.DATE),
    _OF_RISK,
    _UPDATED_SINCE,
    *_parameters_of_every_list("indicator", indicator_filters.ORDERINGS),
]
CONTROL_FILTERS = [
    repeated("kind", "Before the event, or after it.", enum=ControlKind.values),
    repeated("effectiveness", "What a test found.", enum=Effectiveness.values),
    repeated_text("owner", "“me”, a member's id or e-mail address."),
    repeated_text("party", "A party's key."),
    repeated_text("risk", "The ref of a risk that it works on."),
    switch("active", "Whether it is in place."),
    switch("test_due", "Whether it is in place and its test is due by today."),
    query("test_due_before", "In place, and to be tested before this day.", OpenApiTypes.DATE),
    switch("untested", "Whether no test is noted."),
    _OF_RISK,
    *_parameters_of_every_list("control", control_filters.ORDERINGS),
]
RELATION_FILTERS = [
    repeated("kind", "What the first does to the other, or is of it.", enum=RelationKind.values),
    repeated_text("risk", "The ref of one of its two risks."),
    switch("active", "Whether it has not ended."),
    _parameters_of_every_list("relation", relation_filters.ORDERINGS)[1],
]
EVIDENCE_FILTERS = [
    repeated("thing", "What hangs on things of this kind.", enum=KINDS),
    repeated_text("of", "What hangs on the thing called so, as in risk:R-001; at most three."),
    repeated("label", "How far it can be relied on.", enum=LABELS),
    repeated_text("party", "A party's key."),
    switch("withdrawn", "Whether it was withdrawn."),
    _parameters_of_every_list("evidence", evidence_filters.ORDERINGS)[1],
]
OBJECTIVE_FILTERS = [
    repeated_text("party", "A party's key."),
    EXTERNAL_ID,
    query("due_before", "Due before this day.", OpenApiTypes.DATE),
    *_parameters_of_every_list("objective", objective_filters.ORDERINGS),
]
