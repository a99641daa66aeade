"""Tables of fields of what goes out and is edited nowhere as a row: readings, meetings, cells of a
heatmap, rows of a coverage table, events."""

from dataclasses import replace

from django.utils.translation import gettext_lazy as _

from riskreg.indicators.models import Origin, Precision
from riskreg.kernel.fields import Field, Table, Type
from riskreg.register.common_fields import (
    LABEL,
    OWNER,
    PARTY,
    SOURCE,
    VERSION,
    VISIBILITY,
    computed,
    public_id,
)
from riskreg.register.policy import STAGES

_WHO = replace(OWNER, filter=False, sort="", required=False, null=True)

READING = Table(
    noun="reading",
    fields=(
        public_id("3d5c0a3e-52a9-4f6e-9d2b-3f0d6f4a7c55"),
        Field("indicator", Type.LINE, history=_("indicator"), example="K-001"),
        Field("at", Type.MOMENT, history=_("read at"), example="2026-09-15T16:00:00Z"),
        Field("value", Type.NUMBER, history=_("value"), example="97.5"),
        Field("precision", Type.CHOICE, history=_("precise to"), choices=Precision),
        LABEL,
        SOURCE,
        Field("origin", Type.CHOICE, history=_("came by"), choices=Origin),
        replace(_WHO, name="recorded_by", history=_("recorded by")),
        Field("recorded_at", Type.MOMENT, history=_("recorded at")),
        Field("corrects", Type.LINE, history=_("corrects"), null=True, export=False),
    ),
)
MEETING = Table(
    noun="meeting",
    fields=(
        public_id("6f1f4a08-3c1e-4b1d-8a77-52f2f1c0a9d4"),
        Field("title", Type.LINE, history=_("title")),
        Field("started_at", Type.MOMENT, history=_("started at")),
        Field("ended_at", Type.MOMENT, history=_("ended at"), null=True),
        replace(_WHO, name="chair", history=_("led by")),
        Field("items", Type.WHOLE, history=_("risks on the agenda")),
        Field("done", Type.WHOLE, history=_("risks done")),
        PARTY,
        VISIBILITY,
        VERSION,
        computed("agenda"),
    ),
)
HEATMAP = Table(
    noun="cell",
    fields=(
        Field("stage", Type.LINE, history=_("stage"), example=STAGES[0]),
        Field("likelihood", Type.WHOLE, history=_("likelihood"), null=True),
        Field("likelihood_name", Type.LINE, history=_("likelihood in words"), null=True),
        Field("impact", Type.WHOLE, history=_("impact"), null=True),
        Field("impact_name", Type.LINE, history=_("impact in words"), null=True),
        Field("score", Type.WHOLE, history=_("score"), null=True),
        Field("rating", Type.LINE, history=_("rating"), null=True),
        Field("count", Type.WHOLE, history=_("number of risks")),
        Field("refs", Type.RISKS, history=_("risks")),
    ),
)
MOVES = Table(
    noun="move",
    fields=(
        Field("ref", Type.RISK, history=_("risk")),
        Field("what", Type.LINE, history=_("what happened")),
        Field("from_likelihood", Type.WHOLE, history=_("likelihood before"), null=True),
        Field("from_impact", Type.WHOLE, history=_("impact before"), null=True),
        Field("to_likelihood", Type.WHOLE, history=_("likelihood after"), null=True),
        Field("to_impact", Type.WHOLE, history=_("impact after"), null=True),
    ),
)
FLOWS = Table(
    noun="flow",
    fields=(
        Field("leg", Type.LINE, history=_("what brought it about")),
        Field("from_likelihood", Type.WHOLE, history=_("likelihood before")),
        Field("from_impact", Type.WHOLE, history=_("impact before")),
        Field("to_likelihood", Type.WHOLE, history=_("likelihood after")),
        Field("to_impact", Type.WHOLE, history=_("impact after")),
        Field("count", Type.WHOLE, history=_("number of risks")),
        Field("refs", Type.RISKS, history=_("risks")),
    ),
)
COVERAGE = Table(
    noun="coverage",
    fields=(
        Field("from", Type.DAY, history=_("due since")),
        Field("as_of", Type.DAY, history=_("as of")),
        Field("key", Type.LINE, history=_("key")),
        Field("name", Type.LINE, history=_("name")),
        Field("due", Type.WHOLE, history=_("reviews that fell due")),
        Field("on_time", Type.WHOLE, history=_("held on time")),
        Field("late", Type.WHOLE, history=_("late")),
        Field("open", Type.WHOLE, history=_("open and overdue")),
        Field("extended", Type.WHOLE, history=_("extensions granted")),
        Field("brought_in", Type.WHOLE, history=_("recorded later than held")),
        Field("share_on_time", Type.NUMBER, history=_("share held on time"), null=True),
        Field("median_days_late", Type.NUMBER, history=_("median days late"), null=True),
    ),
)
EVENT = Table(
    noun="event",
    fields=(
        Field("chain", Type.LINE, history=_("log of")),
        Field("seq", Type.WHOLE, history=_("number")),
        Field("at", Type.MOMENT, history=_("at")),
        replace(_WHO, name="actor", history=_("who")),
        Field("verb", Type.LINE, history=_("what happened")),
        Field("type", Type.LINE, history=_("kind")),
        Field("ref", Type.LINE, history=_("reference")),
        Field("changes", Type.LINE, history=_("changes")),
    ),
)
