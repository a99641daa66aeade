"""Reading one cell: a word, a day, a person; with a question or a refusal where it cannot."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from riskreg.exchange.mapping.answers import Answers
from riskreg.exchange.mapping.context import Context, Person
from riskreg.exchange.mapping.levels import fold_value
from riskreg.exchange.mapping.outcome import Asked, Refused, RowPlan
from riskreg.exchange.mapping.scaling import Scaling
from riskreg.exchange.mapping.values import (
    DayOrMonthFirst,
    NoSuchDay,
    as_day,
    as_text,
    as_word,
    day_first_in,
    is_nothing,
    spellings_to_find_person_by,
)
from riskreg.exchange.reading import Table, as_read_in_sheet
from riskreg.exchange.reading.names import recognise
from riskreg.exchange.reading.table import CellsByTarget, CellUnderHeader

_DAYS = ("identified_on", "closed_on", "happened_on", "mitigation.due_on")


class GivenAnswer(NamedTuple):
    """An answer to what a text is; ``value`` None: nothing."""

    value: Any


class CellReader:
    """Reads the rows of one table; what it cannot know, it asks once for each different value."""

    def __init__(
        self,
        table: Table,
        columns: Mapping[str, str | None],
        scaling: Scaling,
        answers: Answers,
        context: Context,
        visibility: str,
        asked: list[Asked],
        refused: list[Refused],
    ) -> None:
        self.table, self.columns, self.scaling = table, columns, scaling
        self.answers, self.context, self.visibility = answers, context, visibility
        self.asked, self.refused = asked, refused
        self._once: set[tuple[str, str]] = set()
        self._orders = {
            name: self._is_day_first(name) for name, ours in columns.items() if ours in _DAYS
        }
        self._people: dict[str, list[Person]] = {}
        for person in context.people:
            for name in person.called:
                self._people.setdefault(name, []).append(person)
        self._parked: set[str] = set()
        # Other columns of owners: where the one that counts is empty, they say whose a risk is.
        self._more_owners = [
            name
            for name, ours in columns.items()
            if ours is None and (known := recognise(name)) and known.target == "owner"
        ]
        self.undated = 0
        # What was read without a question, by column and value.
        self._words_read: dict[tuple[str, str, str], str] = {}
        self._days_read: dict[CellUnderHeader, dt.date] = {}
        self._people_read: dict[str, Person | None] = {}

    def read_word(
        self,
        plan: RowPlan,
        given: CellsByTarget,
        name: str,
        words: dict[str, list[str]],
    ) -> str | None:
        """Which of our words stands under the column of ``name``; asks what it does not know."""
        if name not in given:
            return None
        header, value = given[name]
        text = as_text(value)
        if (name, header, text) in self._words_read:
            return self._words_read[name, header, text]
        if name == "response" and fold_value(text) == "share":
            return "transfer"
        answer = self.find_answer(header, text)
        if answer is not None:
            if answer.value is None or answer.value in words or answer.value == "share":
                return str(answer.value) if answer.value else None
        elif is_nothing(text):
            return None
        found = as_word(text, words)
        if found:
            # What says more than our word is kept as it was said.
            if fold_value(text) != found:
                plan.kept.append((header, text))
            else:
                self._words_read[name, header, text] = found
            return found
        self.ask(
            plan,
            header,
            text,
            _("What is “%(value)s”: %(all)s?") % {"value": text[:80], "all": ", ".join(words)},
            "word",
            words,
        )
        return None

    def find_person(self, text: str) -> Person | None:
        """The one member called so who can answer here; None for nobody, or for more than one."""
        if text not in self._people_read:
            self._people_read[text] = self._find_person(text)
        return self._people_read[text]

    def _find_person(self, text: str) -> Person | None:
        wanted = self.answers.people.get(text)
        for name in [wanted] if wanted else spellings_to_find_person_by(text):
            found = self._people.get(fold_value(name), []) if name else []
            if self.visibility == "party":
                found = [person for person in found if person.party == self.context.party]
            if len(found) == 1:
                return found[0]
        return None

    def read_day(self, plan: RowPlan, given: CellsByTarget, name: str) -> dt.date | None:
        """The day under the column of ``name``; asks, or refuses the row, where it is none."""
        if name not in given:
            return None
        header, value = given[name]
        if given[name] in self._days_read:
            return self._days_read[given[name]]
        text = as_read_in_sheet(value)
        answer = self.find_answer(header, text)
        if answer is not None:
            value = answer.value
        if value is None or is_nothing(as_read_in_sheet(value)):
            return None
        try:
            if header not in self._orders and header in self.answers.dates:
                self._orders[header] = self.answers.dates[header] == "day_first"
            day = as_day(value, self._orders.get(header))
        except DayOrMonthFirst:
            self.ask(
                plan,
                header,
                "",
                _("Is %(value)s day first or month first?") % {"value": text},
                "order",
                ("day_first", "month_first"),
            )
            return None
        except NoSuchDay as error:
            self.refuse(plan, header, _("The calendar has no %(day)s.") % {"day": error})
            return None
        if day is None or not 1900 <= day.year <= 2999:
            self.ask(
                plan,
                header,
                text,
                _("Which day is “%(value)s”, as 2027-03-31?") % {"value": text[:80]},
                "day",
            )
            return None
        if given[name][1].__class__ is str:
            self._days_read[given[name]] = day
        return day

    def _is_day_first(self, header: str) -> bool | None:
        if header in self.answers.dates:
            return self.answers.dates[header] == "day_first"
        return day_first_in(self.table.first_value_by_text(header).values())

    def find_answer(self, header: str, text: str) -> "GivenAnswer | None":
        """What somebody has answered that ``text`` under ``header`` is; None for no answer yet."""
        answers = self.answers.values.get(header, {})
        return GivenAnswer(answers[text]) if text in answers else None

    def ask(
        self,
        plan: RowPlan,
        header: str,
        value: str,
        question: str,
        kind: str,
        options: Iterable[str] = (),
    ) -> None:
        """Ask once for each different value."""
        if (header, value) not in self._once:
            self._once.add((header, value))
            self.asked.append(Asked(plan.number, header, question, kind, value, tuple(options)))

    def refuse(self, plan: RowPlan, header: str, why: str) -> None:
        """Refuse the row for what stands under ``header``."""
        plan.outcome = "refused"
        self.refused.append(Refused(plan.number, header, why))
