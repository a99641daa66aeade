"""What a run says of objectives, as its page and that of the objective show it."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from riskreg.analysis import drawing
from riskreg.analysis.amounts import amount_text, chance_band_text, chance_text, percent_points_text
from riskreg.analysis.models import Driver
from riskreg.analysis.policy.estimates import round_significant
from riskreg.kernel.localised import number, percent_text
from riskreg.register.models import Objective
from riskreg.risks.models import Mitigation, Risk


def objective_results_context(
    one: Mapping[str, Any],
    objective: Objective | None,
    risks: Mapping[str, Risk],
    drivers: Mapping[str, Driver],
    mitigations: Mapping[str, Mitigation],
) -> dict[str, Any]:
    """One objective of a run; what the viewer may not know of is without its name."""
    before, after = one["sides"]["before"], one["sides"]["after"]
    order = sorted(before["costs"], key=lambda risk: (-before["costs"][risk][0], risk))
    picture = drawing.fan(one)
    return {
        "o": objective,
        "name": objective.name if objective else _("an objective that is not shown"),
        "label": one["label"],
        "unit": one["unit"],
        "target": number(one["target"]),
        "due": one["due"],
        "at_most": one["direction"] == "at_most",
        "same": before == after,
        "rows": [
            {"name": name, "before": chance_text(before[key][0]),
             "band": chance_band_text(before[key]), "after": chance_text(after[key][0]),
             "band_after": chance_band_text(after[key])}
            for name, key in (
                (_("Chance of meeting it"), "chance"),
                (_("If none of its events happened"), "undisturbed"),
            )
        ],
        "costs": [
            {
                **_ref_and_title_of_risk(risk, risks),
                "before": percent_points_text(before["costs"][risk][0]),
                "band": _points_band(before["costs"][risk]),
                "after": percent_points_text(after["costs"][risk][0]),
            }
            for risk in order
        ],
        "gains": [
            {
                **_ref_and_title_of_mitigation(name, mitigations),
                "before": percent_points_text(before.get("gains", {}).get(name, [0.0])[0]),
                "after": percent_points_text(gain[0]),
                "band": _points_band(gain),
            }
            for name, gain in sorted(
                after.get("gains", {}).items(), key=lambda one: (-one[1][0], one[0])
            )
        ],
        "left_out": [_ref_or_words(name, risks, drivers, mitigations) for name in one["left_out"]],
        "growth": percent_text(round_significant(100 * one["required_growth"])),
        "start": number(one["start"]),
        "start_year": one["start_year"],
        "sure": amount_text(before["sure"]),
        "sure_after": amount_text(after["sure"]),
        "paths": number(one["paths"]),
        "fan": picture,
        "marks": [(y, amount_text(level)) for y, level in picture.levels],
        "years": [
            {"year": year, "levels": [number(round_significant(x)) for x in levels],
             "after": number(round_significant(later[2]))}
            for year, levels, later in zip(
                one["years"], before["fan"], after["fan"], strict=True
            )
        ],
    }  # fmt: skip


def chance_context(one: Mapping[str, Any]) -> dict[str, Any]:
    """The chance alone, with its band, before and after the mitigations."""
    before, after = (one["sides"][side]["chance"] for side in ("before", "after"))
    return {
        "before": chance_text(before[0]),
        "band": chance_band_text(before),
        "after": chance_text(after[0]),
        "same": before == after,
        "label": one["label"],
        "growth": percent_text(round_significant(100 * one["required_growth"])),
        "start_year": one["start_year"],
    }


def _ref_and_title_of_risk(risk_id: str, risks_by_id: Mapping[str, Risk]) -> dict[str, str]:
    row = risks_by_id.get(risk_id)
    title = row.localized("title") if row else _("a risk that is not shown")
    return {"ref": row.ref if row else "", "title": title}


def _ref_and_title_of_mitigation(
    mitigation_id: str, mitigations_by_id: Mapping[str, Mitigation]
) -> dict[str, str]:
    row = mitigations_by_id.get(mitigation_id)
    title = row.localized("title") if row else _("a mitigation that is not shown")
    return {"ref": row.ref if row else "", "title": title}


def _ref_or_words(
    thing_id: str,
    risks_by_id: Mapping[str, Risk],
    drivers_by_id: Mapping[str, Driver],
    mitigations_by_id: Mapping[str, Mitigation],
) -> str:
    row = (
        risks_by_id.get(thing_id) or drivers_by_id.get(thing_id) or mitigations_by_id.get(thing_id)
    )
    return row.ref if row else _("something that is not shown")


def _points_band(values: list[float]) -> str:
    return f"{percent_points_text(values[1])} … {percent_points_text(values[2])}"
