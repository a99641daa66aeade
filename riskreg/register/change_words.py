"""The difference that a change of the frame makes, in words."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from riskreg.kernel.localised import day_text, exact_amount, localised, number
from riskreg.kernel.punctuation import enumerate_texts, in_brackets
from riskreg.register.axes import Axes
from riskreg.register.change_kinds import Line
from riskreg.register.change_policy import (
    Difference,
    Effect,
    criteria_differences,
    time_zone_differences,
)
from riskreg.register.models import Role

Snapshot = Mapping[str, Any]


def time_zone_changed_title(_before: Snapshot, after: Snapshot) -> str:
    """What it is about."""
    return _("Time zone %(zone)s") % {"zone": after["time_zone"]}


def time_zone_changed_lines(before: Snapshot, after: Snapshot) -> list[Line]:
    """One zone and the other."""
    return [
        Line(_("Time zone"), d.before, d.after, d.effect)
        for d in time_zone_differences(before["time_zone"], after["time_zone"])
    ]


def programme_changed_title(_before: Snapshot, _after: Snapshot) -> str:
    """What it is about."""
    return _("The programme's dates and milestones")


def programme_changed_lines(before: Snapshot, after: Snapshot) -> list[Line]:
    """Each part that would not be as it was said."""
    old, new = _programme_dates_texts_by_label(before), _programme_dates_texts_by_label(after)
    return [
        Line(label, old.get(label, ""), new.get(label, ""), Effect.MOVES)
        for label in [*old, *(label for label in new if label not in old)]
        if old.get(label) != new.get(label)
    ]


def _programme_dates_texts_by_label(frame: Snapshot) -> dict[str, str]:
    """What is said of a programme, by what each part is called, in the reader's language."""
    parts = {
        _("Start"): _day_text_or_empty(frame["starts_on"]),
        _("In force until"): _day_text_or_empty(frame["ends_on"]),
        _("Horizon"): _day_text_or_empty(frame["horizon_on"]),
        _("Place"): localised(frame["places"]),
        _("What ends it"): localised(frame["exits"]),
        _("Likelihood is meant"): likelihood_over_text(frame["likelihood_over"]),
    }
    for row in frame["milestones"]:
        name = localised(row["names"])
        day = _day_text_or_empty(row["due_on"])
        parts[_("Gate: %(name)s") % {"name": name} if row["kind"] == "gate" else name] = day
    return {label: text for label, text in parts.items() if text}


def likelihood_over_text(over: str) -> str:
    """Over which time a level of likelihood is meant."""
    return _("over the horizon") if over == "horizon" else _("per year")


def _day_text_or_empty(text: str | None) -> str:
    """A day as the reader writes it."""
    return day_text(text) if text else ""


def party_added_title(_before: Snapshot, after: Snapshot) -> str:
    """Which party would come in."""
    return _("%(name)s as another party") % {"name": localised(after["names"])}


def party_added_lines(_before: Snapshot, after: Snapshot) -> list[Line]:
    """What it would see."""
    name = localised(after["names"])
    return [Line(name, _("no party of this register"), _("sees all that is shared"), Effect.MOVES)]


def register_archived_title(_before: Snapshot, _after: Snapshot) -> str:
    """What it is about."""
    return _("The register archived")


def register_archived_lines(_before: Snapshot, after: Snapshot) -> list[Line]:
    """That the register is read only, and why."""
    return [
        Line(_("The register"), _words_if_not_archived(), _words_if_archived(), Effect.WEAKENS),
        Line(_("Why it is archived"), "", after["reason"], Effect.MOVES),
    ]


def register_restored_title(_before: Snapshot, _after: Snapshot) -> str:
    """What it is about."""
    return _("The register restored")


def register_restored_lines(_before: Snapshot, _after: Snapshot) -> list[Line]:
    """That the register is kept up again."""
    return [Line(_("The register"), _words_if_archived(), _words_if_not_archived(), Effect.MOVES)]


def _words_if_not_archived() -> str:
    return _("kept up, with reminders")


def _words_if_archived() -> str:
    return _("read only, without reminders")


def term_retired_title(before: Snapshot, _after: Snapshot) -> str:
    """Which term would go out of use."""
    return _("The term %(name)s out of use") % {"name": localised(before["names"])}


def term_retired_lines(before: Snapshot, _after: Snapshot) -> list[Line]:
    """In use, and not any more."""
    name = localised(before["names"])
    return [Line(name, _("in use"), _("out of use"), Effect.MOVES)]


def terms_merged_title(before: Snapshot, after: Snapshot) -> str:
    """Which term would go into which."""
    names = {"old": localised(before["names"]), "new": localised(after["names"])}
    return _("The term %(old)s merged into %(new)s") % names


def terms_merged_lines(before: Snapshot, after: Snapshot) -> list[Line]:
    """What is filed under the one, and under the other then."""
    old, new = localised(before["names"]), localised(after["names"])
    return [Line(_("All that is filed under %(name)s") % {"name": old}, old, new, Effect.MOVES)]


def criteria_changed_title(before: Snapshot, after: Snapshot) -> str:
    """What it is about, by what is different."""
    parts = {d.part for d in criteria_differences(before, after, after.get("mapping"))}
    if parts == {"cadence"}:
        return _("How often risks are reviewed")
    if parts and parts <= {"appetite", "term_appetite"}:
        return _("The risk appetite")
    if parts == {"tolerance"}:
        return _("How much loss is tolerated")
    if parts and parts <= {"accept_role", "accept_days", "accept_total_days"}:
        return _("Who may accept risks")
    return _("The risk criteria")


def criteria_changed_lines(before: Snapshot, after: Snapshot) -> list[Line]:
    """Everything that is different, the most severe ratings and levels first."""
    differences = criteria_differences(before, after, after.get("mapping"))
    return [_criteria_line(d, before, after) for d in differences]


def _criteria_line(d: Difference, before: Snapshot, after: Snapshot) -> Line:
    rows = (*after["ratings"], *before["ratings"])
    names = {row["key"]: localised(row["names"], row["key"]) for row in rows}
    # As they were called when it was asked for.
    axes = Axes(**before.get("axes", {}))
    if d.part == "cadence":
        of = names.get(d.key, "") if d.key else _("unrated")
        label = _("Review of risks rated %(rating)s") % {"rating": of}
        return Line(label, _every_days_text(d.before), _every_days_text(d.after), d.effect)
    if d.part == "accept_role":
        label = _("Who may accept risks rated %(rating)s") % {"rating": names.get(d.key, "")}
        return Line(label, _role_label(d.before), _role_label(d.after), d.effect)
    if d.part in ("accept_days", "accept_total_days"):
        text = (
            _("Risks rated %(rating)s can be accepted at once for")
            if d.part == "accept_days"
            else _("Risks rated %(rating)s can be accepted in all for")
        )
        label = text % {"rating": names.get(d.key, "")}
        return Line(label, _days_text(d.before), _days_text(d.after), d.effect)
    if d.part == "appetite":
        old = {r["key"]: localised(r["names"], r["key"]) for r in before["ratings"]}
        new = {r["key"]: localised(r["names"], r["key"]) for r in after["ratings"]}
        return Line(_("Needs no acceptance up to"), old[d.before], new[d.after], d.effect)
    if d.part == "term_appetite":
        label = _("%(term)s: needs no acceptance up to") % {"term": _term_name(d.key, before)}
        return Line(
            label,
            _term_appetite_text(d.before, before),
            _term_appetite_text(d.after, after),
            d.effect,
        )
    if d.part == "tolerance":
        label = _("A year may cost more than")
        return Line(label, tolerance_text(d.before), tolerance_text(d.after), d.effect)
    if d.part in ("likelihood", "impact"):
        return _level_line(d, axes)
    if d.part == "cells" and d.key is not None:
        label = f"{axes.name('likelihood')} {d.key[0]} × {axes.name('impact')} {d.key[1]}"
        return Line(label, _cell_text(d.before, names), _cell_text(d.after, names), d.effect)
    if d.part == "cells":
        return Line(_("Matrix"), _size_text(d.before), _size_text(d.after), d.effect)
    if d.part == "ratings":
        return Line(
            _("Ratings"), _count_and_names_text(d.before), _count_and_names_text(d.after), d.effect
        )
    if d.part == "dimensions":
        return Line(
            _("Kinds of impact"), _dimensions_text(d.before), _dimensions_text(d.after), d.effect
        )
    if d.part == "mapping":
        moves = _mapping_text(d.after, axes)
        return Line(_("Judgements on levels that move"), _("stay"), moves, d.effect)
    return Line(_("Label"), str(d.before), str(d.after), d.effect)


def tolerance_text(points: Sequence[Mapping[str, float]]) -> str:
    """A tolerance in words: each amount with its chance."""
    text = _("%(amount)s with a chance of at most %(share)s %%")
    return enumerate_texts(
        text
        % {
            "amount": exact_amount(Decimal(str(point["amount"]))),
            "share": number(round(100 * point["chance"], 6)),
        }
        for point in points
    )


def _term_appetite_text(rating: str | None, criteria: Snapshot) -> str:
    """An appetite of a term; the general one where it has none of its own."""
    names = {r["key"]: localised(r["names"], r["key"]) for r in criteria["ratings"]}
    if rating is None:
        return _("as in general (%(rating)s)") % {"rating": names[criteria["appetite"]]}
    return names[rating]


def _term_name(term: str, before: Snapshot) -> str:
    """A term as it was called when it was asked for."""
    names = before.get("terms", {}).get(term)
    return localised(names, term) if names else term


def _level_line(d: Difference, axes: Axes) -> Line:
    axis = axes.name(d.part)
    if d.key is None:
        before, after = _count_and_names_text(d.before), _count_and_names_text(d.after)
        return Line(_("%(axis)s: levels") % {"axis": axis}, before, after, d.effect)
    label = _("%(axis)s, level %(n)d") % {"axis": axis, "n": d.key}
    return Line(label, _level_text(d.before), _level_text(d.after), d.effect)


def _level_text(level: Snapshot) -> str:
    parts = [" / ".join(level["names"].values())]
    if level.get("range"):
        low, high = level["range"]
        parts.append(_("from %(low)s to %(high)s") % {"low": number(low), "high": number(high)})
    parts += (level.get("descriptions") or {}).values()
    return " · ".join(parts)


def _count_and_names_text(rows: Sequence[Snapshot]) -> str:
    names = enumerate_texts(" / ".join(row["names"].values()) for row in rows)
    return _("%(n)d: %(names)s") % {"n": len(rows), "names": names}


def _dimensions_text(rows: Sequence[Snapshot]) -> str:
    if not rows:
        return _("none")
    texts = []
    for row in rows:
        texts_of = [" / ".join(text.values()) for text in row.get("descriptions") or []]
        name = " / ".join(row["names"].values())
        texts.append(f"{name}{in_brackets(' · '.join(texts_of))}" if texts_of else name)
    return enumerate_texts(texts)


def _cell_text(cell: Snapshot, names: Mapping[str, str]) -> str:
    return f"{names.get(cell['rating'], cell['rating'])}, {cell['score']}"


def _size_text(cells: Sequence[Sequence[Any]]) -> str:
    return f"{len(cells)} × {len(cells[0]) if cells else 0}"


def _mapping_text(mapping: Any, axes: Axes) -> str:
    return " · ".join(
        f"{axes.name(axis)}: "
        + enumerate_texts(f"{old} → {new if new is not None else _('to be judged again')}"
                       for old, new in levels.items())
        for axis, levels in mapping.items()
    )  # fmt: skip


def _every_days_text(days: int) -> str:
    return ngettext("every day", "every %(n)d days", days) % {"n": days}


def _days_text(days: int) -> str:
    return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}


def _role_label(role: str) -> str:
    return str(capfirst(Role(role).label))
