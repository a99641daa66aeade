"""Reading what a list is to be narrowed by, for pages and API alike.

A filter that is misspelt, or names something that is not there, is an error and not an empty or a
full list. Each noun has a ``filters.py`` with its readers; here is what several of them read.
"""

import datetime as dt
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from riskreg.kernel.days import parse_iso_day, parse_iso_moment
from riskreg.kernel.errors import Errors
from riskreg.kernel.fields import Field, Table, Type
from riskreg.kernel.sorting import sort_key_suffix
from riskreg.kernel.text import is_storable
from riskreg.register.access import Viewer
from riskreg.register.queries import active_members_for, is_member_with_id_or_email, parties_for
from riskreg.register.terms import terms_by_name


@dataclass(frozen=True)
class Asked:
    """What one filter was asked for: ``values`` under ``name``, at least one of them."""

    errors: Errors
    viewer: Viewer
    name: str
    values: list[str]
    at: dt.datetime

    @property
    def value(self) -> str:
        """The last one, of what is given once."""
        return self.values[-1]

    def note_error(self, code: str, detail: str) -> None:
        """Note what is wrong with it."""
        self.errors.add(self.name, code, detail)


FilterReader = Callable[[Asked], Q]


@dataclass(frozen=True)
class RowFilter:
    """A checked filter: the rows must meet ``condition``; ``given`` is the part of the query string
    that it came from, for links."""

    condition: Q = field(default_factory=Q)
    given: Mapping[str, list[str]] = field(default_factory=dict)


class NounFilters(Protocol):
    """What a noun's module of filters offers to its list page and to its API."""

    @property
    def NAMES(self) -> tuple[str, ...]:
        """Every filter, in the order in which pages name them."""

    @property
    def ORDERINGS(self) -> Mapping[str, str]:
        """{name: column} of what a list can be ordered by; each name may carry a minus."""

    def parse(
        self,
        viewer: Viewer,
        params: Mapping[str, Any],
        at: dt.datetime,
        *,
        other_params: Collection[str] | None = None,
    ) -> RowFilter:
        """What the filters among ``params`` ask for, as ``parse_filters`` reads them."""


def parse_filters(
    viewer: Viewer,
    params: Mapping[str, Any],
    at: dt.datetime,
    readers: Mapping[str, FilterReader],
    names: Iterable[str],
    other_params: Collection[str] | None = None,
) -> RowFilter:
    """What the filters called ``names`` among ``params`` ask for. Raises ``Invalid`` with every bad
    value and, with ``other_params`` (parameters that are somebody else's), every unknown name."""
    errors = Errors()
    if other_params is not None:
        check_names(errors, params, names, other_params)
    given = nonblank_values_by_name(params, names)
    condition = parse_conditions_ignoring_unknown_names(errors, viewer, given, readers, at)
    errors.raise_if_any()
    return RowFilter(condition, given)


def nonblank_values_by_name(
    params: Mapping[str, Any], names: Iterable[str]
) -> dict[str, list[str]]:
    """Those of ``names`` that ``params`` (a QueryDict, or a dict of text or lists) has a value for,
    in the order of ``names``."""
    getlist = getattr(params, "getlist", None)
    given: dict[str, list[str]] = {}
    for name in names:
        if name not in params:
            continue
        value = getlist(name) if getlist else params[name]
        listed = [str(v) for v in (value if isinstance(value, list | tuple) else [value])]
        if kept := [text for text in listed if text != ""]:
            given[name] = kept
    return given


def check_names(
    errors: Errors, params: Iterable[str], names: Iterable[str], other_params: Any
) -> None:
    """Note every parameter that is no filter and belongs to nobody else (``other_params``)."""
    known = list(names)
    for name in params:
        if name not in known and name not in other_params:
            errors.add(
                name[:60],
                "unknown_filter",
                _("There is no such filter. Filters: %(all)s.") % {"all": ", ".join(known)},
            )


def parse_conditions_ignoring_unknown_names(
    errors: Errors,
    viewer: Viewer,
    given: Mapping[str, list[str]],
    readers: Mapping[str, FilterReader],
    at: dt.datetime,
) -> Q:
    """Every filter of ``given`` that has a reader, all of which must hold."""
    where = Q()
    for name, values in given.items():
        if name not in readers:
            continue
        if all(map(is_storable, values)):
            where &= readers[name](Asked(errors, viewer, name, values, at))
        else:
            errors.add(name, "bad_character", _("This holds control characters; remove them."))
    return where


def choice_readers(table: Table, prefix: str = "") -> dict[str, FilterReader]:
    """Readers of the table's filters that are one of a few words; ``prefix``: the way to them."""
    return {f.name: _choice_reader(f, prefix) for f in table.filters if f.type == Type.CHOICE}


def _choice_reader(field: Field, prefix: str) -> FilterReader:
    column = f"{prefix}{field.name}__in"
    return lambda asked: Q(**{column: parse_known_values(asked, field.choices.values)})


def sort_rows(rows: QuerySet[Any], errors: Errors, orderings: Mapping[str, str], value: str) -> Any:
    """``rows`` in the order that ``value`` asks for; those without a value come last either way."""
    column, descending = parse_ordering(errors, orderings, value)
    by = F(column).desc(nulls_last=True) if descending else F(column).asc(nulls_last=True)
    return rows.order_by(by, "-id" if descending else "id")


class Ordering(NamedTuple):
    """By which column a list is ordered, and which way."""

    column: str
    is_descending: bool


def parse_ordering(
    errors: Errors, orderings: Mapping[str, str], value: str, **parts: str
) -> Ordering:
    """What ``value`` (``title``, ``-title`` …) asks for; the
    first of ``orderings`` where it asks for none. ``parts`` fill in the column's name."""
    name = value.removeprefix("-")
    if name not in orderings:
        errors.add(
            "ordering",
            "unknown",
            _("This must be one of: %(all)s, each perhaps with a minus.")
            % {"all": ", ".join(orderings)},
        )
        name = next(iter(orderings))
    column = orderings[name].format(language=sort_key_suffix(), **parts)
    return Ordering(column, value.startswith("-"))


# What several nouns read -------------------------------------------------------------------------
def parse_known_values(asked: Asked, allowed: Iterable[str]) -> list[str]:
    """The values, each of which is one of ``allowed``. Notes the first that is not."""
    allowed = list(allowed)
    if wrong := [v for v in asked.values if v not in allowed]:
        asked.note_error(
            "unknown",
            _("“%(value)s” is unknown here; this must be one of: %(all)s.")
            % {"value": wrong[0][:60], "all": ", ".join(allowed)},
        )
    return [v for v in asked.values if v in allowed]


def parse_switch(asked: Asked) -> bool:
    """true or false. Notes anything else."""
    if asked.value not in ("true", "false"):
        asked.note_error("not_a_boolean", _("This must be true or false."))
    return asked.value == "true"


def parse_day(asked: Asked) -> dt.date | None:
    """The day that is named. Notes any other spelling."""
    try:
        return parse_iso_day(asked.value)
    except ValueError:
        asked.note_error("not_a_date", _("This must be a date, as in 2027-03-31."))
        return None


def parse_moment(asked: Asked) -> dt.datetime | None:
    """The time with its zone that is named (a space stands for an unescaped plus)."""
    try:
        moment: dt.datetime | None = parse_iso_moment(asked.value.replace(" ", "+"))
        moment = moment.astimezone(dt.UTC) if moment and moment.tzinfo else None
    except (ValueError, OverflowError):
        moment = None
    if moment is None:
        asked.note_error(
            "not_a_time", _("This must be a time with its zone, as in 2026-11-01T08:00:00Z.")
        )
    return moment


def reader_updated_since(column: str) -> FilterReader:
    """Rows whose ``column`` is not before the time that is named."""

    def read(asked: Asked) -> Q:
        moment = parse_moment(asked)
        return Q(**{f"{column}__gte": moment}) if moment else Q()

    return read


def reader_owned_by_any_of(rows: Callable[[Viewer], QuerySet[Any]]) -> FilterReader:
    """Rows whose owner is one of the values: “me”, a member's id or e-mail address.

    Somebody who is a member no more is known as long as one of ``rows`` of the viewer, all of which
    they may see, is theirs. Of everybody else it is said that they are unknown, wherever they are
    known.
    """

    def read(asked: Asked) -> Q:
        wanted = Q()
        for value in asked.values:
            if value == "me":
                wanted |= Q(owner=asked.viewer.user)
                continue
            member = (
                active_members_for(asked.viewer).filter(is_member_with_id_or_email(value)).first()
            )
            if member is not None:
                wanted |= Q(owner=member.user_id)
                continue
            try:
                theirs = Q(owner__uuid=uuid.UUID(value))
            except ValueError:
                theirs = Q(pk=None)
            if rows(asked.viewer).filter(theirs).exists():
                wanted |= theirs
            else:
                asked.note_error(
                    "unknown",
                    _("“%(value)s” is nobody here; this must be “me” or a member's id.")
                    % {"value": value[:60]},
                )
        return wanted

    return read


def is_of_parties(asked: Asked) -> Q:
    """Rows of the parties whose keys are the values."""
    known = list(parties_for(asked.viewer).values_list("key", flat=True))
    return Q(party__key__in=parse_known_values(asked, known))


def reader_filed_under_all_of(
    links: QuerySet[Any], column: str, target: str, *, term: str = "term"
) -> FilterReader:
    """Rows whose risks are filed under every one of the terms that are named.

    ``links`` are the rows that tie risks to what is listed, ``term`` is their way to a term and
    ``column`` to what ``target``, a column of the list, is compared with. A term that was
    merged since finds what it became.
    """

    def read(asked: Asked) -> Q:
        wanted, known = Q(), terms_by_name(asked.viewer)
        for value in asked.values:
            if ":" not in value:
                asked.note_error(
                    "malformed", _("A term is written taxonomy:term, as in market:eu.")
                )
                continue
            if value not in known:
                text = _("Unknown term: %(names)s. Terms are written taxonomy:term.")
                asked.note_error("unknown_term", text % {"names": value[:60]})
                continue
            filed = links.filter(**{term: known[value]})
            wanted &= Q(**{f"{target}__in": filed.values(column)})
        return wanted

    return read
