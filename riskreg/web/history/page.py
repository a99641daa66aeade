"""What happened to a risk, with field-level differences."""

import json
import uuid
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from riskreg.accounts.queries import users_by_uuid
from riskreg.events import queries as events
from riskreg.events.models import Event
from riskreg.evidence.queries import ids_of_evidence_on
from riskreg.indicators.models import Status
from riskreg.kernel.fields import Type
from riskreg.kernel.localised import (
    day_text,
    exact_amount,
    localised,
    number,
    percent_text,
    text_of,
)
from riskreg.kernel.punctuation import enumerate_texts
from riskreg.register.access import Viewer
from riskreg.register.dimensions import dimension_name
from riskreg.register.policy import Matrix
from riskreg.register.units import with_unit
from riskreg.reminders.labels import offset_text
from riskreg.reviews.models import Outcome
from riskreg.reviews.queries import reviews_of
from riskreg.risks.queries.access import risk_for
from riskreg.risks.queries.lists import mitigations_of
from riskreg.web.base import RegisterView
from riskreg.web.bilingual import language_name_for_reader
from riskreg.web.file_links import file_links
from riskreg.web.history.figures import FigureLabels, is_free_text_field
from riskreg.web.history.language import (
    named_thing_text,
    pair_localized_or_as_written,
    pair_with_reading_texts,
    split_translation_changes,
    term_and_objective_names_by_key,
)
from riskreg.web.reminder_ladder.labels import recipient_part_labels
from riskreg.web.tables import PEOPLE, find_field_of_noun_or_any

PAGE = 50
FOLDED = 20
# Of events: words for what they tell that is no field of the noun.
_CHOICES = {"outcome": Outcome, "indicator_status": Status}
_DAYS = ("extended_until",)


class HistoryByPeopleFirst(NamedTuple):
    """``context``: the rows of what people did and, folded, of what riskreg noted by itself;
    whether people did more than that."""

    context: dict[str, Any]
    people_did_more: bool


def history_by_people_first(
    viewer: Viewer, history: QuerySet[Event], offset: int, most: int
) -> HistoryByPeopleFirst:
    """What people did (``rows``, from ``offset`` on), and folded what riskreg noted of its own
    work."""
    found = list(events.events_by_people(history)[offset : offset + most + 1])
    own = events.events_by_the_system(history)
    folded = list(own[:FOLDED])
    # A full fold is counted; a part of one is its own count.
    count = own.count() if len(folded) == FOLDED else len(folded)
    rows = event_rows(viewer, [*found[:most], *folded])
    shown = len(found[:most])
    context = {"rows": rows[:shown], "folded": rows[shown:], "folded_count": count}
    return HistoryByPeopleFirst(context, len(found) > most)


class RiskHistory(RegisterView):
    """Events of a risk, of the mitigations that serve it, and of the files on these and on its
    reviews, newest first.

    What people did comes first; what riskreg noted of its own work is folded below it, and has a
    page of its own with ``?by=riskreg``.
    """

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        """One page of them; ``?page=`` counts from 1, anything else is the first."""
        risk = risk_for(self.viewer, ref)
        subjects = [risk.uuid, *mitigations_of(self.viewer, risk).values_list("uuid", flat=True)]
        # Of the risk, its mitigations, and its reviews.
        files = ids_of_evidence_on(self.viewer, subjects, reviews_of(self.viewer, risk))
        history = events.history_of(self.viewer.audience, [*subjects, *files])
        asked = request.GET.get("page", "1")
        page = max(1, int(asked)) if asked.isascii() and asked.isdigit() and len(asked) < 8 else 1
        own = request.GET.get("by") == "riskreg"
        first = (page - 1) * PAGE
        if own:
            found = list(events.events_by_the_system(history)[first : first + PAGE + 1])
            shown: dict[str, Any] = {"rows": event_rows(self.viewer, found[:PAGE]), "folded": []}
            more = len(found) > PAGE
        else:
            shown, more = history_by_people_first(self.viewer, history, first, PAGE)
        return self.render(
            "history/risk.html",
            {
                "risk": risk,
                "lead": risk.localized("title"),
                **shown,
                "own": own,
                "page": page,
                "older": page + 1 if more else None,
                "newer": page - 1 if page > 1 else None,
                "exports": file_links(
                    self.viewer, "history_export", {"by": "riskreg"} if own else {}, ref=risk.ref
                ),
            },
        )


# What somebody wrote and nobody translates: marked as of the language that it is in.
OWN_WORDS = ("comment", "progress_note", "question")


def event_rows(
    viewer: Viewer, found: Iterable[Event], labelled: bool = True
) -> list[dict[str, Any]]:
    """Events in words: who did what when, and each field before and after (one query for names).

    ``making`` says that the thing was made by this event, so that every field is new. ``labelled``:
    False for rows that are shown without the labels of their figures.
    """
    found = list(found)
    changes = [json.loads(event.changes) for event in found]
    people = {event.actor for event in found if event.actor}
    for change in changes:
        for field in PEOPLE:
            people |= {uuid.UUID(v) for v in change.get(field) or () if v}
    names = {str(k): str(u) for k, u in users_by_uuid(people).items()} if people else {}
    matrix = Matrix(viewer.register.criteria)
    names |= term_and_objective_names_by_key(viewer, changes)
    labels = FigureLabels(viewer, found, changes) if labelled else None
    return [
        {
            "event": event,
            "what": verb_label(event.verb),
            "who": names.get(str(event.actor), _("somebody who has left"))
            if event.actor
            else _("riskreg itself"),
            "making": event.verb.endswith(".created"),
            "changes": [
                {
                    "field": field_label(field, event.subject_type),
                    "own_words": field in OWN_WORDS,
                    "written": is_free_text_field(field, event.subject_type),
                    "label": labels.figure_label_for(field, event, change) if labels else "",
                    "before": _logged_value_text(field, pair[0], names, matrix, event.subject_type),
                    "after": _logged_value_text(field, pair[1], names, matrix, event.subject_type),
                }
                for field, logged in change.items()
                if not _is_hidden(field, event.subject_type)
                and isinstance(logged, list)
                and len(logged) == 2
                and logged != [None, ""]
                for pair in (
                    pair_localized_or_as_written(
                        field,
                        pair_with_reading_texts(field, logged, viewer.register.time_zone),
                        change,
                    ),
                )
            ]
            + _translation_change_rows(event, change),
        }
        for event, change in zip(found, changes, strict=True)
    ]


def _translation_change_rows(event: Event, change: dict[str, Any]) -> list[dict[str, Any]]:
    """What an event changed of versions of texts alone: shown in the reader's language, and named
    where it is in another one. What is made is told by its own texts."""
    if event.verb.endswith(".created"):
        return []
    noun = event.subject_type
    here, elsewhere = split_translation_changes(change)
    rows = [
        {"field": field_label(field, noun), "before": before or "", "after": after or ""}
        for field, (before, after) in here.items()
    ]
    return rows + [
        {
            "field": _("texts in another language (%(language)s)")
            % {"language": language_name_for_reader(language)},
            "before": "",
            "after": enumerate_texts(field_label(field, noun) for field in fields),
        }
        for language, fields in elsewhere.items()
    ]


_VERBS = {
    "risk.created": gettext_lazy("made a draft"),
    "risk.edited": pgettext_lazy("history", "edited"),
    "risk.opened": pgettext_lazy("history", "opened"),
    "risk.closed": pgettext_lazy("history", "closed"),
    "risk.reopened": pgettext_lazy("history", "reopened"),
    "risk.transferred": pgettext_lazy("history", "handed over"),
    "risk.shared": gettext_lazy("shared with the other parties"),
    "risk.assessed": pgettext_lazy("history", "assessed"),
    "risk.reviewed": pgettext_lazy("history", "reviewed"),
    "risk.extended": gettext_lazy("gave the review more time"),
    "risk.refiled": gettext_lazy("filed anew, because two terms were merged"),
    "risk.restated": gettext_lazy("restated by new criteria"),
    "control.added": gettext_lazy("added a control"),
    "control.edited": gettext_lazy("changed a control"),
    "control.tested": gettext_lazy("tested a control"),
    "control.ended": gettext_lazy("ended a control"),
    "relation.added": gettext_lazy("related it to another risk"),
    "relation.ended": gettext_lazy("ended a relation"),
    "mitigation.created": gettext_lazy("planned a mitigation"),
    "mitigation.edited": gettext_lazy("updated a mitigation"),
    "mitigation.progress_reported": gettext_lazy("said how far a mitigation is"),
    "mitigation.transferred": gettext_lazy("handed a mitigation over"),
    "indicator.created": gettext_lazy("set up an indicator"),
    "indicator.edited": gettext_lazy("changed an indicator"),
    "indicator.read": gettext_lazy("recorded readings"),
    "risk.breached": gettext_lazy("recorded a reading that calls for a review"),
    "estimate.recorded": gettext_lazy("gave an estimate"),
    "effect.recorded": gettext_lazy("said what a mitigation does"),
    "risk.asked": gettext_lazy("asked about it"),
    "risk.answered": gettext_lazy("answered a question"),
    "risk.question_withdrawn": gettext_lazy("took a question back"),
    "comment.written": gettext_lazy("wrote a comment"),
    "comment.edited": gettext_lazy("edited a comment"),
    "comment.withdrawn": gettext_lazy("withdrew a comment"),
    "acceptance.requested": gettext_lazy("asked for an acceptance"),
    "acceptance.granted": gettext_lazy("granted the acceptance"),
    "acceptance.refused": gettext_lazy("refused the acceptance"),
    "acceptance.withdrawn": gettext_lazy("took the request for acceptance back"),
    "acceptance.revoked": gettext_lazy("revoked the acceptance"),
    "acceptance.superseded": gettext_lazy("replaced the acceptance by a later one"),
    "acceptance.condition_met": gettext_lazy("met a condition of the acceptance"),
    "acceptance.condition_waived": gettext_lazy("waived a condition of the acceptance"),
    "decision.drafted": gettext_lazy("asked a question"),
    "decision.edited": gettext_lazy("changed the draft of a decision"),
    "decision.proposed": gettext_lazy("put a decision forward"),
    "decision.retracted": gettext_lazy("took a decision back to a draft"),
    "decision.chosen": gettext_lazy("chose an option; the other parties are asked"),
    "decision.agreed": gettext_lazy("said yes for a party"),
    "decision.answer_reopened": gettext_lazy("gave up an answer; the party is asked anew"),
    "decision.objected": gettext_lazy("said no for a party"),
    "decision.decided": gettext_lazy("decided"),
    "decision.rejected": gettext_lazy("rejected a decision"),
    "decision.lapsed": gettext_lazy("let a decision lapse"),
    "decision.revisited": gettext_lazy("said what became of a decision"),
    "decision.closed": gettext_lazy("closed a decision"),
    "decision.superseded": gettext_lazy("replaced a decision by a later one"),
    "decision.condition_met": gettext_lazy("met a condition of a decision"),
    "decision.condition_waived": gettext_lazy("waived a condition of a decision"),
    "argument.made": gettext_lazy("argued for or against an option"),
    "argument.released": gettext_lazy("released an argument"),
    "effect.released": gettext_lazy("released what they said of a mitigation"),
    "estimate.released": gettext_lazy("released an estimate"),
    "evidence.added": gettext_lazy("attached a file"),
    "evidence.released": gettext_lazy("released a file to everybody"),
    "evidence.withdrawn": gettext_lazy("withdrew a file"),
    "reminder.sent": gettext_lazy("sent a reminder"),
    "reminder.skipped": gettext_lazy("skipped a reminder"),
    "reminder.unaddressed": gettext_lazy("found nobody to tell"),
    "delivery.resent": gettext_lazy("sent a message again"),
    "delivery.failed": gettext_lazy("could not deliver a message"),
}


def verb_label(verb: str) -> str:
    """What was done, in the reader's words."""
    return str(_VERBS.get(verb, verb))


_FIELDS = {
    "reason": gettext_lazy("reason"),
    "dimension": gettext_lazy("impact driven by"),
    "rationale": gettext_lazy("rationale"),
    "comment": gettext_lazy("comment"),
    "outcome": gettext_lazy("outcome"),
    "inherent": gettext_lazy("inherent"),
    "residual": gettext_lazy("residual"),
    "target": gettext_lazy("target"),
    "control": gettext_lazy("control"),
    "relation": gettext_lazy("relation"),
    "question": gettext_lazy("question"),
    "extended_until": gettext_lazy("extended until"),
    "rung": gettext_lazy("reminder"),
    "to": gettext_lazy("to"),
    "why": gettext_lazy("why"),
    "error": gettext_lazy("error"),
    "attempts": gettext_lazy("attempts"),
    "ended_with": gettext_lazy("ended with"),
    "readings": gettext_lazy("readings"),
    "count": gettext_lazy("number"),
    "indicator": gettext_lazy("indicator"),
    "reading": gettext_lazy("reading"),
    "criteria": gettext_lazy("version of the criteria"),
    "indicator_status": gettext_lazy("status"),
    "answer_needed": gettext_lazy("answer needed from"),
}


def field_label(name: str, noun: str = "") -> str:
    """A field's name in the reader's words: as the noun's table has it, or of the event itself."""
    field = find_field_of_noun_or_any(name, noun)
    if field is not None and field.history:
        return str(field.history)
    return str(_FIELDS.get(name, name))


def _is_hidden(name: str, noun: str) -> bool:
    field = find_field_of_noun_or_any(name, noun)
    return field is not None and field.hidden


def _logged_value_text(
    name: str, value: Any, names: dict[str, str], matrix: Matrix, noun: str = ""
) -> str:
    """A logged value as a reader would write it; empty for nothing."""
    if value is None or value == "" or value in ([], {}):
        return ""
    if isinstance(value, dict) and {"likelihood", "impact", "rating"} <= set(value):
        rating = value["rating"]
        name = matrix.rating_name(rating) if rating in matrix.rating_keys else rating
        return _("%(likelihood)s × %(impact)s = %(score)s, %(rating)s") % {**value, "rating": name}
    field = find_field_of_noun_or_any(name, noun)
    kind = field.type if field else None
    if isinstance(value, dict) and kind == Type.NAMES:
        return localised(value)
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if isinstance(value, dict):
        return named_thing_text(value) or json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        texts = [text_of(v.get("title")) if isinstance(v, dict) else str(v) for v in value]
        if name == "to":
            parts = recipient_part_labels()
            texts = [parts.get(text, text) for text in texts]
        return enumerate_texts(names.get(text, text) for text in texts)
    text = str(value)
    if name == "dimension":
        return dimension_name(matrix.criteria, text)
    choices = field.choices if field and field.choices else _CHOICES.get(name)
    if name in ("rung", "why"):
        return _reminder_text(text)
    if choices and text in choices.values:
        return str(capfirst(choices(text).label))
    if kind == Type.DAY or name in _DAYS:
        return day_text(text)
    if name == "progress":
        return percent_text(text)
    if kind == Type.MONEY:
        return exact_amount(Decimal(text))
    if kind == Type.NUMBER:
        return number(text)
    if name == "reading":
        value, _blank, unit = text.partition(" ")
        return with_unit(number(value), unit)
    return names.get(text, text)


def _reminder_text(logged: str) -> str:
    """When a reminder was due (days from the due date), or why one was skipped, in words."""
    words = {
        "overtaken": _("a later reminder was due already"),
        "discharged": _("it was done in the meantime"),
    }
    if logged.removeprefix("-").isdigit():
        return offset_text(int(logged))
    return words.get(logged, logged)


urlpatterns = [path("risks/<str:ref>/history/", RiskHistory.as_view(), name="risk_history")]
