"""What a run freezes of mitigations, and which steps tell what the money buys. Pure functions."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from riskreg.kernel.errors import Errors

PARTS = ("low", "mode", "high")
# Shares of what everything costs for which the best set is looked for, in per cent.
FRONTIER = tuple(range(0, 101, 10))
MOST_MITIGATIONS = 200
LEAST_HORIZON, MOST_HORIZON, HORIZON = 1, 40, 5
MOST_BUDGETS = 10


def _range_as_texts(row: Any, what: str) -> list[str] | None:
    values = [getattr(row, f"{what}_{part}") for part in PARTS]
    return None if values[0] is None else [f"{value.normalize():f}" for value in values]


def mitigations_from_effects(effects: Sequence[Any], risks: set[str]) -> list[dict[str, Any]]:
    """Mitigations with their effects on ``risks`` (public ids) and their cost, by public id.

    ``effects``: rows with their mitigation and risk, newest first, the newest of each expert,
    mitigation and risk. Of several of an expert the newest says what a mitigation costs.
    """
    found: dict[str, dict[str, Any]] = {}
    for row in effects:
        one = found.setdefault(
            str(row.mitigation.uuid),
            {"mitigation": str(row.mitigation.uuid), "party": row.mitigation.party.key,
             "cost": {}, "effects": {}},
        )  # fmt: skip
        expert = str(row.expert.uuid)
        one["cost"].setdefault(
            expert,
            {"id": str(row.uuid), "expert": expert, "range": _range_as_texts(row, "cost"),
             "year": row.cost_year, "label": row.label},
        )  # fmt: skip
        if str(row.risk.uuid) in risks:
            one["effects"].setdefault(str(row.risk.uuid), []).append(
                {"id": str(row.uuid), "expert": expert,
                 "frequency": _range_as_texts(row, "frequency"),
                 "severity": _range_as_texts(row, "severity"), "label": row.label}
            )  # fmt: skip
    return [
        {
            **found[key],
            "cost": [cost for _expert, cost in sorted(found[key]["cost"].items())],
            "effects": [
                {"risk": risk, "experts": sorted(rows, key=lambda row: str(row["expert"]))}
                for risk, rows in sorted(found[key]["effects"].items())
            ],
        }
        for key in sorted(found)
        if found[key]["effects"]
    ]


def inputs_with_mitigations(
    inputs: Mapping[str, Any], effects: Sequence[Any], horizon: int, budgets: Sequence[Any]
) -> dict[str, Any]:
    """Inputs with what is known of mitigations; as they are where nothing is.

    A risk that somebody has estimated for after the mitigations is what they say, and its effects
    are not reckoned with again; of the others ``mitigated`` says that effects hold after.
    """
    mitigations = mitigations_from_effects(effects, {one["risk"] for one in inputs["exposures"]})
    if not mitigations:
        return dict(inputs)
    touched = {part["risk"] for one in mitigations for part in one["effects"]}
    exposures = [
        {**one, "mitigated": True} if one["risk"] in touched and not one["target"] else one
        for one in inputs["exposures"]
    ]
    return {
        **inputs,
        "exposures": exposures,
        "horizon": horizon,
        "mitigations": mitigations,
        **({"budgets": list(budgets)} if budgets else {}),
    }


def mitigations_to_choose_from(inputs: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The mitigations of a run, by public id."""
    return list(inputs.get("mitigations", ()))


def check_effects_fit_one_run(
    errors: Errors, effects: Sequence[Any], estimates: Sequence[Any]
) -> None:
    """Note effects that cannot stand in one run with the estimates: money of another year, chances
    that could come to more than 1, too many mitigations."""
    years = {row.base_year for row in estimates}
    if other := sorted({row.mitigation.ref for row in effects if row.base_year not in years}):
        text = _(
            "What %(refs)s cost is in money of another year than the estimates. Say it anew in "
            "money of %(year)s."
        ) % {"refs": _first_refs_text(other), "year": ", ".join(map(str, sorted(years)))}
        errors.add("base_year", "bad_range", text)
    if len({row.mitigation_id for row in effects}) > MOST_MITIGATIONS:
        text = _("At most %(n)d mitigations are reckoned with at once.") % {"n": MOST_MITIGATIONS}
        errors.add("audience", "too_many", text)
    chances = {
        row.risk_id: row for row in estimates
        if row.stage == "residual" and row.frequency_kind == "probability"
    }  # fmt: skip
    highest: dict[int, dict[int, Decimal]] = {}
    for row in effects:
        if row.risk_id in chances and row.frequency_high is not None:
            of = highest.setdefault(row.risk_id, {})
            of[row.mitigation_id] = max(of.get(row.mitigation_id, Decimal(0)), row.frequency_high)
    for risk, shares in highest.items():
        product = Decimal(1)
        for share in shares.values():
            product *= max(share, Decimal(1))
        if product > 1 and product * chances[risk].frequency_high > 1:
            text = _(
                "All its mitigations together could make %(ref)s happen with a chance above 1. "
                "Give events a year, or less of an effect."
            ) % {"ref": chances[risk].risk.ref}
            errors.add("frequency_kind", "out_of_range", text)


def _first_refs_text(refs: Sequence[str]) -> str:
    return ", ".join(refs[:6]) + (" …" if len(refs) > 6 else "")


def clean_budgets(errors: Errors, given: Any, parties: set[str]) -> list[dict[str, Any]]:
    """Budgets as a run freezes them: amounts as text, by party (None: all together). Notes what
    is wrong; one budget for each."""
    text = _("Budgets are a list of {amount, party}, one for each party or for all together.")
    if given is None:
        return []
    if not isinstance(given, list) or len(given) > MOST_BUDGETS:
        errors.add("budgets", "malformed", text)
        return []
    found: dict[str | None, str] = {}
    for number, one in enumerate(given):
        place = f"budgets.{number}"
        if not isinstance(one, dict) or not {*one} <= {"amount", "party"}:
            errors.add(place, "malformed", text)
            continue
        party = one.get("party")
        if party is not None and (not isinstance(party, str) or party not in parties):
            errors.add(f"{place}.party", "unknown_party", _("There is no such party."))
        elif party in found:
            errors.add(f"{place}.party", "repeated", _("One budget for each party."))
        else:
            found[party] = _clean_amount(errors, f"{place}.amount", one.get("amount"))
    return [
        {"amount": amount, "party": party}
        for party, amount in sorted(found.items(), key=lambda pair: pair[0] or "")
    ]


def _clean_amount(errors: Errors, place: str, value: Any) -> str:
    try:
        amount = Decimal(str(value)) if not isinstance(value, bool) else Decimal("NaN")
    except ArithmeticError:
        amount = Decimal("NaN")
    if not amount.is_finite() or not 0 <= amount < Decimal(10) ** 16:
        text = _("A budget is an amount of 0 or more.")
        errors.add(place, "out_of_range", text)
        return "0"
    return f"{amount.normalize():f}"


def source_labels_of_mitigations(inputs: Mapping[str, Any]) -> list[str]:
    """The labels of what is known of mitigations."""
    return [
        row["label"]
        for one in inputs.get("mitigations", ())
        for row in (*one["cost"], *(each for part in one["effects"] for each in part["experts"]))
    ]
