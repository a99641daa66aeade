"""Which duties are the most urgent, as the database can say it."""

import datetime as dt
import functools
import operator
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import (
    Case,
    CharField,
    DateField,
    Exists,
    ExpressionWrapper,
    IntegerField,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from riskreg.duties.sources import SOON_DAYS, Source
from riskreg.register.models import Membership
from riskreg.register.queries import ANSWERABLE
from riskreg.register.visibility import Reader, Visibility

# Overdue, due today and due soon: until how many days after today.
_SOONER_DAYS = (-1, 0, SOON_DAYS)


def is_as_urgent_as_first_rows(
    source: Source, part: Q, viewer: Reader, today: dt.date, most: int
) -> Q:
    """What the ``most`` most urgent meet of the rows of ``part`` that the viewer may know of, and
    few others, so that hardly any row need be fetched and sorted.

    They are due as soon as ``most`` of them are: overdue, today, soon or later. Of those that are
    due with the last of these, they put as much at stake as ``most`` of them do, or are orphans:
    where what is at stake stands in the row itself, which an index has beside the due date.
    """
    due, rows = source.due_field, source.bare_rows()
    among = rows.visible_to(viewer).filter(part)  # type: ignore[attr-defined]
    ends = [today + dt.timedelta(days=days) for days in _SOONER_DAYS]
    nth = among.order_by(due)[most - 1 : most]
    last = Value(dt.date.max)
    until = Coalesce(Subquery(nth.values(until=_first_not_before(due, ends, ends, last))), last)
    if not _has_priority_in_row(source):
        return Q(**{f"{due}__lte": until})
    starts = [Value(dt.date.min), *ends[:-1]]
    since = Coalesce(
        Subquery(nth.values(since=_first_not_before(due, ends, starts, Value(ends[-1])))), last
    )
    equal = among.filter(**{f"{due}__gt": since, f"{due}__lte": until}).order_by("-priority")
    stake = Coalesce(Subquery(equal.values("priority")[most - 1 : most]), Value(0))
    worst = Q(**{f"{due}__lte": since}) | Q(priority__gte=stake) | _is_orphan_to(viewer, source)
    return Q(**{f"{due}__lte": until}) & worst


def _first_not_before(due: str, ends: list[dt.date], then: list[Any], otherwise: Value) -> Case:
    """That of ``then`` which goes with the first of ``ends`` that is not before the due date."""
    return Case(
        *(When(**{f"{due}__lte": end}, then=what) for end, what in zip(ends, then, strict=True)),
        default=otherwise,
        output_field=DateField(),
    )


def _has_priority_in_row(source: Source) -> bool:
    try:
        source.bare_rows().model._meta.get_field("priority")
    except FieldDoesNotExist:
        return False
    return True


def order_by_urgency(source: Source, today: dt.date | Mapping[int, dt.date]) -> list[Any]:
    """The order of ``sources.urgency_sort_key`` for the database, as far as it lies in columns.

    ``today``: the day, or the day in each register (database id) that the rows are of.
    """
    when = Case(
        *(
            When(_is_due_within(source.due_field, today, days), then=Value(place))
            for place, days in enumerate(_SOONER_DAYS)
        ),
        default=Value(3),
        output_field=IntegerField(),
    )
    return [when, "-orphan", "-priority", source.due_field, "uuid"]


def _is_due_within(due: str, today: dt.date | Mapping[int, dt.date], days: int) -> Q:
    more = dt.timedelta(days=days)
    if not isinstance(today, Mapping):
        return Q(**{f"{due}__lte": today + more})
    each = [Q(register_id=key, **{f"{due}__lte": day + more}) for key, day in today.items()]
    return functools.reduce(operator.or_, each)


def is_orphan(source: Source) -> Q:
    """Whether nobody who answers for a row of ``source``, and may know of it, is there to do it."""
    seen_by = ExpressionWrapper(OuterRef("visibility"), output_field=CharField())
    here = [
        Exists(
            Membership.objects.alias(seen_by=seen_by).filter(
                Q(seen_by=Visibility.SHARED) | Q(party=OuterRef("party_id")),
                register=OuterRef("register_id"),
                user=OuterRef(f"{person}_id"),
                user__is_active=True,
                role__in=ANSWERABLE,
                ended_at=None,
            )
        )
        for person in source.people
    ]
    return ~functools.reduce(operator.or_, map(Q, here))


def _is_orphan_to(viewer: Reader, source: Source) -> Q:
    """``is_orphan`` of rows that the viewer may know of, for very many of them: who is there is
    looked up once, and not for each."""
    here = Membership.objects.filter(
        register=viewer.register.pk, user__is_active=True, role__in=ANSWERABLE, ended_at=None
    )
    known = Q()
    for person in source.people:
        known |= Q(visibility=Visibility.SHARED, **{f"{person}__in": here.values("user")})
        if viewer.party_id is not None:
            own = here.filter(party=viewer.party_id)
            known |= Q(**{f"{person}__in": own.values("user")})
    return Q(Case(When(known, then=Value(False)), default=Value(True)))
