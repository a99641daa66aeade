"""Panels of the home of leadership that need nothing of the map: decisions, work, money, people."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import npgettext

from riskreg.analysis.amounts import amount_text, chance_band_text, chance_text
from riskreg.analysis.models import Simulation
from riskreg.analysis.queries.chances import (
    daily_chances_by_objective,
    daily_expected_losses,
    latest_done_runs_like,
    newest_done_run,
)
from riskreg.analysis.queries.simulations import results_of_done_run
from riskreg.decisions.models import DecisionState, ObligationKind
from riskreg.decisions.queries.decisions import decision_counts_by_state
from riskreg.decisions.queries.stale import stale_decisions_put_forward_or_standing
from riskreg.duties.base import Duty
from riskreg.duties.queries import agenda
from riskreg.duties.sources import LISTED as listed_kinds
from riskreg.register.access import Viewer
from riskreg.register.visibility import Visibility
from riskreg.risks.queries.totals import overdue_counts_by_party
from riskreg.risks.queries.work import MitigationTotals, uncancelled_mitigations_over_plan
from riskreg.web.duties.labels import kind_label
from riskreg.web.presenters import query_string

# Of each list; the whole of each is one click away.
SHOWN = 6
# What falls due within so many days is on the screen.
DUE_DAYS = 14
# What only those who lead can do: asked for first, however far the day is.
_ANSWERS_TO_REQUESTS = (ObligationKind.DECISION_ANSWER.value, ObligationKind.ANSWER.value)
_OTHERS = tuple(kind for kind in listed_kinds if kind not in _ANSWERS_TO_REQUESTS)


def waiting_panel(viewer: Viewer, today: dt.date) -> dict[str, Any]:
    """What the viewer has to do: their yes or no first, then what is due within two weeks, the
    most urgent first."""
    people = agenda.ids_of_self_and_stood_in_for(viewer)
    soon = today + dt.timedelta(days=DUE_DAYS + 1)
    wanted = (
        agenda.Wanted(today, kinds=_ANSWERS_TO_REQUESTS, people=people),
        agenda.Wanted(today, kinds=_OTHERS, people=people, due_before=soon),
    )
    answers, rest = agenda.most_urgent_duties_for(
        viewer, [agenda.WantedList(one, SHOWN + 1) for one in wanted]
    )
    duties: list[Duty] = [*answers, *rest]
    slug = viewer.register.slug
    return {
        "waiting_count": agenda.summed_duty_counts(viewer, *wanted)
        if len(duties) > SHOWN
        else len(duties),
        "waiting": [
            {
                "kind": kind_label(duty.kind),
                "ref": duty.ref,
                "title": duty.subject_title,
                "due_on": duty.due_on,
                # Not that of a mail: whoever came by another name of the host stays there.
                "url": reverse(f"web:{duty.page}", kwargs={"slug": slug, **duty.page_url_kwargs}),
            }
            for duty in duties[:SHOWN]
        ],
    }


def decisions_panel(viewer: Viewer, today: dt.date) -> dict[str, Any]:
    """How many decisions stand where, and which stand on something that has moved. Those that wait
    for the viewer are among what waits."""
    counts = decision_counts_by_state(viewer)
    stale = (
        [one.decision for one in stale_decisions_put_forward_or_standing(viewer, today)]
        if counts
        else []
    )
    url = reverse("web:decisions", kwargs={"slug": viewer.register.slug})
    states = (
        (_("to be decided"), (DecisionState.PROPOSED,), url, "warn"),
        (
            _("decided and standing"),
            (DecisionState.DECIDED, DecisionState.IN_FORCE, DecisionState.REVISITED),
            f"{url}?show=standing",
            "",
        ),
        (
            npgettext("count", "draft", "drafts", counts.get(DecisionState.DRAFT, 0)),
            (DecisionState.DRAFT,),
            f"{url}?show=drafts",
            "",
        ),
    )
    return {
        "any": bool(counts),
        "stale_count": len(stale),
        "stale": [
            {
                "ref": row.ref,
                "title": row.localized("title"),
                "url": reverse("web:decision", args=[viewer.register.slug, row.ref]),
                "private": row.visibility == Visibility.PARTY,
            }
            for row in stale[:SHOWN]
        ],
        "figures": [
            {"label": label, "count": n, "url": where, "tone": tone if n else ""}
            for label, of, where, tone in states
            for n in [sum(counts.get(state, 0) for state in of)]
        ],
    }


def exposure_panel(viewer: Viewer) -> dict[str, Any] | None:
    """What the newest simulation that is done says a year costs, before and after the planned
    mitigations; None where nothing was simulated."""
    run = newest_done_run(viewer)
    if run is None:
        return None
    results = results_of_done_run(run)
    runs = latest_done_runs_like(viewer, run)
    over_time = daily_expected_losses(viewer.register.time_zone, runs)
    found = {figure["key"]: figure for figure in results["figures"]}
    names = {"mean": _("Expected in a year"), "p95": _("One year in 20 costs more")}
    return {
        "url": reverse("web:simulation", args=[viewer.register.slug, run.uuid]),
        "at": run.at,
        "private": run.visibility == Visibility.PARTY,
        "label": results["label"],
        "currency": run.currency,
        "chances": _chances_of_run(viewer, runs, results),
        "over_time": _points_with_links(viewer, over_time, amount_text),
        "values": [value for _run, value in over_time],
        "rows": [
            {
                "name": words,
                "before": amount_text(found[f"loss.{name}.before"]["value"]),
                "after": amount_text(found[f"loss.{name}.after"]["value"]),
            }
            for name, words in names.items()
        ],
    }


def _points_with_links(
    viewer: Viewer, over_time: Sequence[tuple[Simulation, float]], text: Callable[[float], str]
) -> list[dict[str, Any]]:
    """What each run said, on which day, and where that is read."""
    return [
        {
            "day": each.at,
            "text": text(value),
            "url": reverse("web:simulation", args=[viewer.register.slug, each.uuid]),
        }
        for each, value in over_time
    ]


def _chances_of_run(
    viewer: Viewer, runs: Sequence[Simulation], results: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """By public id of an objective its chance as the run tells it, with the band of sampling, and
    what the runs before it said."""
    followed = results["objectives"]
    over_time = daily_chances_by_objective(
        viewer.register.time_zone, runs, [UUID(one["objective"]) for one in followed]
    )
    found = {}
    for one in followed:
        chance = one["sides"]["before"]["chance"]
        line = over_time[UUID(one["objective"])]
        found[str(one["objective"])] = {
            "text": chance_text(chance[0]),
            "band": chance_band_text(chance),
            "label": one["label"],
            # One day is no line.
            "over_time": _points_with_links(viewer, line, chance_text) if len(line) > 1 else [],
            "values": [value for _run, value in line],
        }
    return found


def money_panel(viewer: Viewer, found: MitigationTotals) -> dict[str, Any]:
    """What the mitigations are planned to cost, what was spent, and which cost more than that."""
    url = reverse("web:mitigations", kwargs={"slug": viewer.register.slug})
    every = {"status": ["planned", "in_progress", "done"]}
    return {
        "of": found,
        "planned_url": url + query_string(every, ordering="-cost"),
        "spent_url": url + query_string(every, ordering="-spent"),
        "over": [
            {
                "ref": row.ref,
                "title": row.localized("title"),
                "url": reverse("web:mitigation", args=[viewer.register.slug, row.ref]),
                "more": row.spent - row.cost if row.spent and row.cost is not None else None,
            }
            for row in (uncancelled_mitigations_over_plan(viewer)[:SHOWN] if found.over else ())
        ],
    }


def overdue_panel(
    viewer: Viewer, today: dt.date, work: MitigationTotals
) -> dict[str, list[dict[str, Any]]]:
    """What is past its day, by party: reviews, and work in hand."""
    slug = viewer.register.slug
    risks = reverse("web:risks", kwargs={"slug": slug})
    works = reverse("web:mitigations", kwargs={"slug": slug})
    return {
        "reviews": [
            {
                "name": party.name,
                "count": count,
                "url": risks + query_string({}, party=party.key, overdue="true"),
            }
            for party, count in overdue_counts_by_party(viewer, today)
        ],
        "works": [
            {
                "name": party.name,
                "count": count,
                "url": works + query_string({}, party=party.key, due_before=today.isoformat()),
            }
            for party, count in work.overdue
        ],
    }
