"""What a run is made of: its inputs, their hash, its steps, and what moved since. Pure functions.

Inputs name a risk by its public id and never by its ref, which changes when the risk is shared; the
random numbers of a risk hang on that name, so sharing one changes no figure.
"""

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from riskreg.analysis.policy import buying, weighing
from riskreg.events.policy import canonical_json
from riskreg.kernel.errors import Errors
from riskreg.register.policy import weakest_label

KIND = "analysis.simulation"
# Another number: figures of the same inputs may differ in their last digits, and more.
ENGINE = "1"
YEARS = (10_000, 100_000, 1_000_000)
LEAST_YEARS, MOST_YEARS = 1_000, 10_000_000
MOST_OPEN = 3
MOST_EXPOSURES = 2_000
# Paths of an objective: with 40 years each a worker holds 80 MB.
MOST_PATHS = 2**18
# Draws a step makes at most, and years of a block (``quant.sampling.BLOCK``).
_DRAWS, BLOCK = 2**22, 65_536
_BLOCKS_A_STEP = 8
SIDES = ("before", "after")
STAGES = {"before": "residual", "after": "target"}


@dataclass(frozen=True)
class Piece:
    """A step to be laid out: its key, kind, stage (which waits for those before) and weight."""

    key: str
    kind: str
    stage: int
    weight: int


def frozen_estimate(row: Any) -> dict[str, Any]:
    """An estimate as a run freezes it."""
    frequency = (row.frequency_low, row.frequency_mode, row.frequency_high)
    severity = (row.severity_low, row.severity_mode, row.severity_high, row.severity_cap)
    return {
        "id": str(row.uuid),
        "expert": str(row.expert.uuid),
        "frequency": [row.frequency_kind, *map(_decimal_text_or_none, frequency)],
        "severity": [row.severity_family, *map(_decimal_text_or_none, severity)],
        "label": row.label,
    }


def _decimal_text_or_none(value: Any) -> str | None:
    return None if value is None else f"{value.normalize():f}"


def exposures_from_estimates(estimates: Sequence[Any]) -> list[dict[str, Any]]:
    """One exposure for each risk that has an estimate of how it stands today; by id of the risk.

    ``estimates``: rows with their risk, the newest of each expert, risk and stage.
    """
    found: dict[str, dict[str, Any]] = {}
    for row in estimates:
        risk = found.setdefault(
            str(row.risk.uuid), {"risk": str(row.risk.uuid), "kind": row.risk.kind}
        )
        risk.setdefault(row.stage, []).append(frozen_estimate(row))
    for risk in found.values():
        for stage in STAGES.values():
            # By expert on both sides: who is drawn before is drawn after.
            risk[stage] = sorted(risk.get(stage, []), key=lambda one: str(one["expert"]))
    return [found[key] for key in sorted(found) if found[key]["residual"]]


@dataclass(frozen=True)
class Moving:
    """What moves risks: links in force, the drivers that they name, and by driver (database id)
    what is believed of it."""

    links: Sequence[Any]
    drivers: Sequence[Any]
    beliefs: Mapping[int, Sequence[Any]]


def inputs_with_drivers(
    exposures: Sequence[dict[str, Any]], moving: Moving, day: dt.date
) -> dict[str, Any]:
    """Exposures with their links, and the drivers that these name as they are on ``day``; a driver
    of which nobody has said anything moves nothing. Inputs without links have neither."""
    known = {driver.pk: driver for driver in moving.drivers if moving.beliefs.get(driver.pk)}
    by_risk: dict[str, list[dict[str, Any]]] = {}
    for row in moving.links:
        if row.driver_id in known:
            by_risk.setdefault(str(row.risk.uuid), []).append(
                {
                    "driver": str(row.driver.uuid),
                    "on": row.on,
                    "form": row.form,
                    "sensitivity": _decimal_text_or_none(row.sensitivity),
                }
            )
    linked = [
        {**one, "links": sorted(by_risk[one["risk"]], key=canonical_json)}
        if one["risk"] in by_risk
        else one
        for one in exposures
    ]
    named = {link["driver"] for one in linked for link in one.get("links", ())}
    if not named:
        return {"exposures": linked}
    drivers = [
        frozen_driver(driver, moving.beliefs[driver.pk], day)
        for driver in known.values()
        if str(driver.uuid) in named
    ]
    return {"drivers": sorted(drivers, key=lambda one: str(one["driver"])), "exposures": linked}


def frozen_driver(driver: Any, beliefs: Sequence[Any], day: dt.date) -> dict[str, Any]:
    """A driver as a run freezes it: what is believed of it, with what has come by ``day``."""
    return {
        "driver": str(driver.uuid),
        "beliefs": [
            {
                "id": str(row.uuid),
                "expert": str(row.expert.uuid),
                "range": [row.family, *map(_decimal_text_or_none, (row.low, row.mode, row.high))],
                "factor": f"{row.factor_on(day):.12g}",
                "label": row.label,
            }
            for row in sorted(beliefs, key=lambda row: str(row.expert.uuid))
        ],
    }


def digest_of(inputs: Mapping[str, Any]) -> str:
    """The hash that names these inputs."""
    return hashlib.sha256(canonical_json(inputs).encode()).hexdigest()


def check_estimates_fit_one_run(errors: Errors, estimates: Sequence[Any]) -> None:
    """Note what cannot stand in one run: nothing at all, money of two years, two kinds of often."""
    if not any(row.stage == "residual" for row in estimates):
        text = _(
            "There is nothing to simulate: no open risk has a released estimate of how it stands "
            "today. Give one and release it, or run for your own party."
        )
        errors.add("audience", "empty", text)
        return
    years: dict[int, set[str]] = {}
    kinds: dict[str, set[str]] = {}
    for row in estimates:
        years.setdefault(row.base_year, set()).add(row.risk.ref)
        kinds.setdefault(row.risk.ref, set()).add(row.frequency_kind)
    if len(years) > 1:
        by_year = "; ".join(
            f"{year}: {_first_refs_text(refs)}" for year, refs in sorted(years.items())
        )
        text = _("Estimates are in money of different years (%(years)s). Give them anew in one.")
        errors.add("base_year", "bad_range", text % {"years": by_year})
    if mixed := sorted(ref for ref, found in kinds.items() if len(found) > 1):
        text = _(
            "Of %(refs)s some experts give events a year and others a chance. Ask them for one "
            "kind."
        )
        errors.add("frequency_kind", "contradiction", text % {"refs": _first_refs_text(mixed)})
    risks = {row.risk_id for row in estimates}
    if len(risks) > MOST_EXPOSURES:
        text = _("At most %(n)d risks are simulated at once.") % {"n": MOST_EXPOSURES}
        errors.add("audience", "too_many", text)


def _first_refs_text(refs: Any) -> str:
    listed = sorted(refs)
    return ", ".join(listed[:6]) + (" …" if len(listed) > 6 else "")


def chunk_count(years: int, exposures: int) -> int:
    """Into how many steps the years are cut, so that none takes long."""
    blocks = -(-years // BLOCK)
    a_step = max(1, min(_BLOCKS_A_STEP, _DRAWS // (BLOCK * max(1, exposures))))
    return -(-blocks // a_step)


def estimates_on(exposure: Mapping[str, Any], side: str) -> list[dict[str, Any]]:
    """The estimates that one side of a risk is drawn from, one of each expert.

    After the mitigations: what an expert says of after, or else what they say of today, so that
    nothing is taken for an effect that nobody has estimated.
    """
    today: list[dict[str, Any]] = exposure["residual"]
    if side == "before":
        return today
    after = {one["expert"]: one for one in exposure["target"]}
    return [after.get(one["expert"], one) for one in today]


def any_risk_differs_after(exposures: Sequence[Mapping[str, Any]]) -> bool:
    """Whether any risk is otherwise after the mitigations; else after is as before."""
    return any(
        one.get("mitigated") or estimates_on(one, "after") != estimates_on(one, "before")
        for one in exposures
    )


def path_count(years: int) -> int:
    """How many ways into the future an objective is followed on, in a run of so many years."""
    return min(years, MOST_PATHS)


def figure_names_by_objective(objectives: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """By public id of an objective what its figures are called: its key, or the id of one whose key
    another has as well."""
    keys = [one["key"] for one in objectives]
    return {
        one["objective"]: one["key"] if keys.count(one["key"]) == 1 else one["objective"]
        for one in objectives
    }


def risk_id_in_figure_key(key: str) -> str:
    """The public id of the risk that a figure is about; empty for none."""
    parts = key.split(".")
    if parts[0] in ("contribution", "information"):
        return parts[1]
    return parts[3] if parts[0] == "objective" and parts[2] == "cost" else ""


def simulated_sides(exposures: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The sides that are simulated: before, and after where that is not the same."""
    return SIDES if any_risk_differs_after(exposures) else SIDES[:1]


def steps_of_new_run(years: int, inputs: Mapping[str, Any]) -> list[Piece]:
    """The steps of a run, after the inputs are frozen."""
    exposures, objectives = inputs["exposures"], inputs.get("objectives", ())
    chunks, sides = chunk_count(years, len(exposures)), simulated_sides(exposures)
    weight = max(1, years // chunks // 1000)
    pieces = [
        Piece(f"simulate:{side}:{n}", "analysis.simulate", 1, weight)
        for side in sides
        for n in range(chunks)
    ]
    pieces += [
        Piece(
            f"objective:{one['objective']}", "analysis.objective", 1,
            max(1, path_count(years) // 1000),
        )
        for one in objectives
    ]  # fmt: skip
    if inputs.get("mitigations"):
        each = max(1, years // 5000)
        pieces += [
            Piece(f"frontier:{percent}", "analysis.frontier", 1, each)
            for percent in buying.FRONTIER
        ]
        pieces += [Piece("information", "analysis.information", 1, each)]
    if inputs.get("budgets"):
        pieces += [Piece("choice", "analysis.choose", 1, max(1, years // 5000))]
    total = max(1, years // 2000)
    if inputs.get("options"):
        pieces += [
            Piece(f"weigh:{one['key']}", "analysis.weigh", 1, total)
            for one in weighing.weighed_options(inputs)
        ]
        pieces += [Piece("weighing", "analysis.compare", 2, 1)]
    pieces += [Piece(f"measure:{side}", "analysis.measure", 2, total) for side in sides]
    pieces += [Piece(f"contribute:{side}", "analysis.contribute", 2, total) for side in sides]
    pieces += [Piece("tornado", "analysis.tornado", 2, 1)]
    return [*pieces, Piece("figures", "analysis.figures", 3, 1)]


def weakest_label_of_run(inputs: Mapping[str, Any]) -> str:
    """The weakest label of everything that a run was made from."""
    found = [
        estimate["label"]
        for one in inputs["exposures"]
        for stage in STAGES.values()
        for estimate in one[stage]
    ]
    found += [row["label"] for one in inputs.get("drivers", ()) for row in one["beliefs"]]
    found += buying.source_labels_of_mitigations(inputs)
    found += weighing.judgement_label_if_options_have_costs(inputs)
    return weakest_label(map(str, found))


def _without_mitigated_mark(exposure: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """An exposure without what is told of the mitigations themselves."""
    if exposure is None:
        return None
    return {name: exposure[name] for name in exposure if name != "mitigated"}


class InputChange(NamedTuple):
    """The public id of a risk, driver, objective or mitigation (empty for the engine itself), and
    what happened to its inputs."""

    subject: str
    what: str


def changes_of_inputs(frozen: Mapping[str, Any], now: Mapping[str, Any]) -> list[InputChange]:
    """What is different now; the engine itself among it."""
    old = {one["risk"]: one for one in frozen["exposures"]}
    new = {one["risk"]: one for one in now["exposures"]}
    found = [
        InputChange(risk, "gone" if risk not in new else "new" if risk not in old else "changed")
        for risk in sorted({*old, *new})
        if _without_mitigated_mark(old.get(risk)) != _without_mitigated_mark(new.get(risk))
    ]
    before = {one["driver"]: one for one in frozen.get("drivers", ())}
    found += [
        InputChange(one["driver"], "driver")
        for one in now.get("drivers", ())
        if one["driver"] in before and before[one["driver"]] != one
    ]
    was, is_now = (
        {one["objective"]: one for one in inputs.get("objectives", ())} for inputs in (frozen, now)
    )
    found += [
        InputChange(one, "objective")
        for one in sorted({*was, *is_now})
        if was.get(one) != is_now.get(one)
    ]
    bought, now_bought = (
        {one["mitigation"]: one for one in inputs.get("mitigations", ())}
        for inputs in (frozen, now)
    )
    found += [
        InputChange(one, "mitigation")
        for one in sorted({*bought, *now_bought})
        if bought.get(one) != now_bought.get(one)
    ]
    return found + ([InputChange("", "engine")] if frozen["engine"] != now["engine"] else [])
