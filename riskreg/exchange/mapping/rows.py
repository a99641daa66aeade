"""Reading one row: every cell into what it sets, with a question or a refusal where it cannot."""

from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from riskreg.exchange.mapping import endings, work
from riskreg.exchange.mapping.cells import CellReader
from riskreg.exchange.mapping.columns import IGNORE, JOINED, STAGES
from riskreg.exchange.mapping.levels import fold_value
from riskreg.exchange.mapping.outcome import RowPlan
from riskreg.exchange.mapping.scaling import AXES, CellLevels, parse_cell
from riskreg.exchange.mapping.values import as_text, is_nothing
from riskreg.exchange.mapping.words import KINDS, RESPONSES, STATES
from riskreg.exchange.reading import Row, Value, as_read_in_sheet, is_blank
from riskreg.exchange.reading.table import (
    CellsByTarget,
    CellUnderHeader,
    FormulaWithoutValue,
    OwnText,
)
from riskreg.kernel.text import TEXT_MAX, TITLE_MAX

_FITTING = {
    "threat": ("avoid", "mitigate", "transfer", "accept"),
    "opportunity": ("exploit", "enhance", "share", "accept"),
}


class LevelInCell(NamedTuple):
    """How a level reads (``text``: empty for none), and which of ours, or which cell, it is."""

    text: str
    level: int | CellLevels | None


class RowReader(CellReader):
    """Reads the rows of one table. What holds for all of them is worked out once, and what a cell
    says once for each different value."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        there = {ours for ours in self.columns.values() if ours}
        self._cells = [(name, self.columns.get(name)) for name in self.table.headers]
        self._sizes = {axis: len(self.context.levels[axis]) for axis in AXES}
        parts = (*AXES, "score", "rating")
        judged = {s: [(p, f"{s}.{p}") for p in parts if f"{s}.{p}" in there] for s in STAGES}
        self._judged = {stage: names for stage, names in judged.items() if names}
        self._filed = {key: (f"terms.{key}", names) for key, names in self.context.terms.items()
                       if f"terms.{key}" in there}  # fmt: skip
        self._has_ending = not there.isdisjoint(endings.NAMES)
        self._levels_read: dict[tuple[str, type, Value], LevelInCell] = {}
        self._owners_read: dict[CellUnderHeader, str] = {}
        self._has_work = any(ours.startswith(("mitigation.", "control")) for ours in there)

    def read(self, row: Row, plan: RowPlan) -> None:
        """Fill ``plan`` from ``row``; its outcome is ``refused`` if it cannot be taken."""
        if row.too_long:
            why = _(
                "This row has more cells than the header; put what holds a separator in quotes."
            )
            self.refuse(plan, "", why)
            return
        given: dict[str, CellUnderHeader] = {}
        for (header, ours), value in zip(self._cells, row.values, strict=True):
            if value is None or ours == IGNORE:
                continue
            if value.__class__ is str:
                if not str.strip(value):
                    continue
            elif is_blank(value):
                continue
            elif isinstance(value, FormulaWithoutValue):
                if ours and not self._is_score_worked_out_from_axes(ours):
                    self.refuse(
                        plan,
                        header,
                        _(
                            "This cell has a formula and no value. Open the file, let it be worked "
                            "out, and save it."
                        ),
                    )
                continue
            if ours is None:
                plan.kept.append((header, as_text(value)))
            elif ours in given and ours in JOINED:
                before = as_text(given[ours][1])
                given[ours] = CellUnderHeader(header, f"{before}\n{as_text(value)}")
            else:
                given[ours] = CellUnderHeader(header, value)
        self._read_texts(plan, given)
        self._read_words(plan, given)
        self._read_levels(plan, given)
        self._read_people(plan, given)
        self._read_terms(plan, given)
        self._read_dates(plan, given)
        if self._has_ending:
            endings.read_ending(self, plan, given)
        self._read_visibility(plan, given)
        if self._has_work:
            work.read_work(self, plan, given)
            work.read_controls(plan, given)

    def notes(self) -> list[str]:
        """What is worth telling of the whole file."""
        notes = []
        if self._parked:
            names = ", ".join(sorted(self._parked)[:30])
            notes.append(
                _(
                    "Owners whom nobody here is called: %(names)s. Their risks come to you, to be "
                    "assigned, with the name kept."
                )
                % {"names": names}
            )
        if self.undated:
            notes.append(
                _(
                    "Measures without a day by which they are due are kept as text with their "
                    "risk: %(n)d."
                )
                % {"n": self.undated}
            )
        return notes

    def _is_score_worked_out_from_axes(self, target: str) -> bool:
        """Whether a score need not be read, because the register works it out of both axes."""
        stage, _dot, part = target.rpartition(".")
        axes = {f"{stage}.{axis}" for axis in AXES}
        return part in ("score", "rating") and axes <= set(self.columns.values())

    # --- texts
    def _read_texts(self, plan: RowPlan, given: CellsByTarget) -> None:
        for name in ("event", "cause", "consequence"):
            if name in given:
                text = as_text(given[name][1])
                if len(text) > TEXT_MAX:
                    self.refuse(
                        plan, given[name][0], _("This text is longer than is kept. Shorten it.")
                    )
                    continue
                plan.fields[name] = text
        title = " ".join(as_text(given["title"][1]).split()) if "title" in given else ""
        event = plan.fields.get("event", "")
        if not title:
            title = _first_sentence(event)
            plan.theirs["title"] = "derived"
        elif not event:
            plan.fields["event"] = as_text(given["title"][1])
            plan.theirs["event"] = "derived"
        if len(title) > TITLE_MAX:
            if event and "title" in given:
                plan.kept.append((given["title"][0], title))
            title = title[: TITLE_MAX - 1].rstrip() + "…"
        if not title:
            column = next((n for n, ours in self.columns.items() if ours in ("title", "event")), "")
            self.refuse(plan, column, _("This row does not say what may happen."))
        plan.fields["title"] = title
        if "external_id" in given:
            text = " ".join(as_text(given["external_id"][1]).split())
            if len(text) > 120:
                self.refuse(plan, given["external_id"][0], _("An id has at most 120 characters."))
            elif text:
                plan.fields["external_id"] = text
        if "ref" in given:
            plan.theirs["ref"] = as_text(given["ref"][1])
        if "rationale" in given:
            plan.rationale = as_text(given["rationale"][1])[:8000]

    # --- words
    def _read_words(self, plan: RowPlan, given: CellsByTarget) -> None:
        kind = self.read_word(plan, given, "kind", KINDS)
        if kind:
            plan.fields["kind"] = kind
        state = self.read_word(plan, given, "state", STATES)
        if state:
            plan.state = state
        else:
            plan.theirs["state"] = "derived"
        response = self.read_word(plan, given, "response", RESPONSES)
        if response:
            if kind is None and _says_opportunity(response, given["response"][1]):
                kind = plan.fields["kind"] = "opportunity"
            kind = kind or "threat"
            if kind == "opportunity" and response == "transfer":
                response = "share"
            if response in _FITTING[kind]:
                plan.fields["response"] = response
            else:
                header, value = given["response"]
                self.ask(
                    plan,
                    header,
                    as_read_in_sheet(value),
                    _("“%(value)s” is no response to a %(kind)s: one of %(all)s?")
                    % {
                        "value": as_read_in_sheet(value)[:80],
                        "kind": kind,
                        "all": ", ".join(_FITTING[kind]),
                    },
                    "word",
                    _FITTING[kind],
                )

    # --- levels
    def _read_levels(self, plan: RowPlan, given: CellsByTarget) -> None:
        for stage, names in self._judged.items():
            cell: dict[str, int] = {}
            parts = []
            for part, name in names:
                if name not in given:
                    continue
                text, level = self._read_level(*given[name])
                if not text:
                    continue
                parts.append(text)
                if isinstance(level, int):
                    cell[part] = level
                elif level:
                    cell["likelihood"], cell["impact"] = level
            if "likelihood" in cell and "impact" in cell:
                plan.levels[stage] = (cell["likelihood"], cell["impact"])
                plan.theirs[stage] = "; ".join(parts)
            elif parts:
                plan.kept += [tuple(part.split(": ", 1)) for part in parts]  # type: ignore[misc]
        if "dimension" in given:
            header, value = given["dimension"]
            text = " ".join(as_text(value).split())
            key = self.context.dimensions.get(fold_value(text))
            if key and "residual" in plan.levels:
                plan.dimension = key
            elif not is_nothing(text):
                plan.kept.append((header, text))

    def _read_level(self, header: str, value: Value) -> LevelInCell:
        key = (header, value.__class__, value)
        if key not in self._levels_read:
            text = as_read_in_sheet(value)
            level = self.scaling.level(header, text)
            read = "" if is_nothing(text) else f"{header}: {text}"
            cell = parse_cell(level, self._sizes) if isinstance(level, str) else level
            self._levels_read[key] = LevelInCell(read, cell)
        return self._levels_read[key]

    # --- people
    def _read_people(self, plan: RowPlan, given: CellsByTarget) -> None:
        self._read_owner(plan, given)
        if "deputy" in given:
            header, value = given["deputy"]
            text = " ".join(as_text(value).split())
            if not is_nothing(text):
                person = self.find_person(text)
                if person is None:
                    plan.kept.append((header, text))
                else:
                    plan.fields["deputy"] = person.id
            if plan.fields.get("deputy") == plan.fields.get("owner", self.context.me):
                plan.fields.pop("deputy", None)

    def _read_owner(self, plan: RowPlan, given: CellsByTarget) -> None:
        """The member whom the row names as owner; a name that nobody has waits to be assigned."""
        named: list[tuple[str, str]] = []
        if not self._more_owners:
            if "owner" not in given:
                return
            if given["owner"] in self._owners_read:
                plan.fields["owner"] = self._owners_read[given["owner"]]
                return
        if "owner" in given:
            header, value = given["owner"]
            named.append((header, " ".join(as_text(value).split())))
        named += [(header, text) for header, text in plan.kept if header in self._more_owners]
        found = [(h, text, self.find_person(text)) for h, text in named if not is_nothing(text)]
        person = next((person for _header, _text, person in found if person), None)
        if person is not None:
            plan.fields["owner"] = person.id
            if not self._more_owners:
                self._owners_read[given["owner"]] = person.id
        elif found:
            plan.owner_name = found[0][1][:200]
            self._parked.add(found[0][1][:80])
        for header, text, whose in found:
            if header not in self._more_owners and (whose is None or whose is not person):
                plan.kept.append((header, text))

    # --- terms
    def _read_terms(self, plan: RowPlan, given: CellsByTarget) -> None:
        terms: list[str] = []
        for key, (target, names) in self._filed.items():
            if target not in given:
                continue
            header, value = given[target]
            text = as_text(value)
            whole = [text] if fold_value(text) in names else split_list(text)
            for word in whole:
                if fold_value(word) in names:
                    terms.append(f"{key}:{names[fold_value(word)]}")
                elif not is_nothing(word):
                    plan.kept.append((header, word))
        if terms:
            plan.fields["terms"] = sorted(set(terms))
        if "objectives" in given:
            header, value = given["objectives"]
            words = split_list(as_text(value))
            known = sorted({word for word in words if word in self.context.objectives})
            if known:
                plan.fields["objectives"] = known
            plan.kept += [(header, word) for word in words if word not in known]

    # --- dates
    def _read_dates(self, plan: RowPlan, given: CellsByTarget) -> None:
        raised = self.read_day(plan, given, "identified_on")
        closed = self.read_day(plan, given, "closed_on")
        today = self.context.today
        if raised and raised > today:
            plan.kept.append((given["identified_on"][0], raised.isoformat()))
            raised = None
        plan.identified_on = raised
        if closed and closed > today:
            plan.kept.append((given["closed_on"][0], closed.isoformat()))
            closed = None
        if closed and plan.theirs.get("state") == "derived":
            plan.state = "closed"
            plan.theirs.pop("state")
        if plan.state == "closed":
            plan.closed_on = closed
        elif closed:
            plan.kept.append((given["closed_on"][0], closed.isoformat()))
        if raised and plan.closed_on and plan.closed_on < raised:
            self.refuse(
                plan,
                given["closed_on"][0],
                _("It was closed (%(closed)s) before it was found (%(raised)s).")
                % {"closed": plan.closed_on, "raised": raised},
            )

    def _read_visibility(self, plan: RowPlan, given: CellsByTarget) -> None:
        if "visibility" in given and not self.answers.visibility:
            text = fold_value(as_read_in_sheet(given["visibility"][1]))
            if text in ("shared", "party"):
                plan.theirs["visibility"] = text


def _says_opportunity(response: str, value: Value) -> bool:
    """Whether a response alone, where no column says the kind, is one to an opportunity. Others
    share a threat as well, as NIST does; we do not."""
    own = isinstance(value, OwnText) and fold_value(value) == "share"
    return own or (response in _FITTING["opportunity"] and response not in _FITTING["threat"])


def split_list(text: str) -> list[str]:
    """The parts of ``a; b, c``."""
    for sign in ("\n", "；", "、", "，", ","):
        text = text.replace(sign, ";")
    return [part.strip() for part in text.split(";") if part.strip()]


def _first_sentence(text: str) -> str:
    line = " ".join(text.split())
    for end in (". ", "。", "; ", "；"):
        head = line.split(end)[0]
        if 8 <= len(head) <= TITLE_MAX:
            return head.rstrip(".")
    return line
