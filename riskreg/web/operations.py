"""How the system stands, for administrators: what it promises, and the age of the last proof."""

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from riskreg.kernel import clock
from riskreg.operations.queries.engine import (
    ReminderEngineState,
    problem_sentences_by_part,
    queue_lengths,
    reminder_engine_state,
)
from riskreg.web.base import signed_in_user


@require_safe
def system_state(request: HttpRequest) -> HttpResponse:
    """The page; 404 for whoever may only look after accounts."""
    if not signed_in_user(request).is_superuser:
        raise Http404
    found = reminder_engine_state(clock.now())
    broken = problem_sentences_by_part(found)
    context = {
        **admin.site.each_context(request),
        "title": _("State of the system"),
        "rows": _rows(found),
        "faults": [f"{part}: {text}" for part, texts in broken.items() for text in texts],
        "queues": queue_lengths(),
        "at": found.at,
    }
    return render(request, "operations/state.html", context)


def _rows(found: ReminderEngineState) -> list[dict[str, Any]]:
    moments = [
        (_("Last sign of life of the worker"), found.heartbeats["worker"]),
        (_("Last sign of life of beat"), found.heartbeats["beat"]),
        (_("Last whole sweep"), found.swept_at),
        (_("Last backup"), found.backed_up_at),
        (_("Last backup that was restored aside"), found.verified_at),
    ]
    counts = [
        (_("Registers and people that broke in the last sweep"), found.broken),
        (_("Reminders that have waited longer than a day"), found.untold),
        (_("Deliveries that wait"), sum(count for count, _since in found.waiting.values())),
        (_("Deliveries that were given up"), sum(found.failed.values())),
        (_("Servers that are left alone for now"), sum(found.paused.values())),
    ]
    return [
        *({"name": name, "moment": moment} for name, moment in moments),
        *({"name": name, "count": count} for name, count in counts),
    ]


page = admin.site.admin_view(system_state)
