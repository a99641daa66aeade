"""Which risks: one reading of the query string for screens and API alike.

A filter that is misspelt, or names a level or rating that the criteria lack, is an error and not an
empty or a full list.
"""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from riskreg.kernel.days import day_in, moment_in
from riskreg.kernel.errors import Errors
from riskreg.kernel.search import matching
from riskreg.kernel.sorting import sort_language
from riskreg.kernel.text import storable
from riskreg.register.access import Viewer
from riskreg.register.models import Objective
from riskreg.register.policy import STAGES, Matrix
from riskreg.register.queries import member_named, members_for, parties_for
from riskreg.register.terms import terms_by_name
from riskreg.risks.models import Kind, Position, Risk, State

NAMES = (
    "state", "owner", "party", "rating", "stage", "likelihood", "impact", "term", "objective", "q",
    "overdue", "due_before", "updated_since", "external_id", "unrated", "kind", "above_appetite",
)  # fmt: skip
# What a list can be ordered by; each name may carry a minus. The place of the ref breaks ties.
ORDERINGS = {
    "ref": "ref_order",
    "title": "risk__sort_key_{language}",
    "score": "{stage}_score",
    "next_review_on": "risk__next_review_on",
    "updated_at": "risk__updated_at",
    "owner": "owner__sort_key_{language}",
}


@dataclass(frozen=True)
class RiskFilter:
    """A checked filter; ``given`` is the query string it came from, for links."""

    stage: str = "residual"
    conditions: Q = field(default_factory=Q)
    given: Mapping[str, list[str]] = field(default_factory=dict)
    state_given: bool = False
    kind: str = Kind.THREAT.value

    def apply(self, positions: QuerySet[Position]) -> QuerySet[Position]:
        """Narrow ``positions`` (current ones) to what the filter asks for."""
        return positions.filter(self.conditions)


def parse(
    viewer: Viewer,
    params: Mapping[str, Any],
    at: dt.datetime,
    *,
    also: tuple[str, ...] = (),
    one_kind: bool = False,
) -> RiskFilter:
    """Read the filter names in ``params`` (a QueryDict or a dict of text or lists).

    ``also`` names parameters that belong to somebody else and are passed over. With ``one_kind``
    the kind is no condition but the map that is asked for (threats unless named). Raises
    ``Invalid`` with every unknown name and bad value.
    """
    errors = Errors()
    given = {name: _values(params, name) for name in params}
    for name in given:
        if name not in NAMES and name not in also:
            errors.add(
                name[:60],
                "unknown_filter",
                _("There is no such filter. Filters: %(all)s.") % {"all": ", ".join(NAMES)},
            )
    given = {
        name: values for name in NAMES if (values := [v for v in given.get(name, []) if v != ""])
    }
    stage = _one(given, "stage") or "residual"
    if stage not in STAGES:
        errors.add(
            "stage", "unknown", _("This must be one of: %(all)s.") % {"all": ", ".join(STAGES)}
        )
        stage = "residual"
    kind = _one_kind(errors, given) if one_kind else Kind.THREAT.value
    matrix = Matrix(viewer.criteria)
    where = Q()
    for name, values in given.items():
        if one_kind and name == "kind":
            continue
        if not all(map(storable, values)):
            errors.add(name, "bad_character", _("This holds control characters; remove them."))
            continue
        reader = _READERS.get(name)
        if reader is not None:
            where &= reader(errors, viewer, matrix, stage, values, at)
    errors.raise_if_any()
    return RiskFilter(
        stage=stage, conditions=where, given=given, state_given="state" in given, kind=kind
    )


def order(errors: Errors, value: str | None, stage: str, default: str) -> tuple[str, bool]:
    """The column and whether descending that ``value`` (``score``, ``-score`` …) asks for."""
    name = value or default
    descending = name.startswith("-")
    column = ORDERINGS.get(name.removeprefix("-"))
    if column is None:
        errors.add(
            "ordering",
            "unknown",
            _("This must be one of: %(all)s, each perhaps with a minus.")
            % {"all": ", ".join(ORDERINGS)},
        )
        column = "ref_order"
    return column.format(stage=stage, language=sort_language()), descending


def _values(params: Mapping[str, Any], name: str) -> list[str]:
    getlist = getattr(params, "getlist", None)
    value = getlist(name) if getlist else params[name]
    return [str(v) for v in value] if isinstance(value, list | tuple) else [str(value)]


def _one(given: Mapping[str, list[str]], name: str) -> str | None:
    return given[name][-1] if given.get(name) else None


def _one_kind(errors: Errors, given: Mapping[str, list[str]]) -> str:
    """The kind that one map is of; good and bad never share one."""
    values = _choice(errors, "kind", given.get("kind", []), Kind.values)
    if len(set(values)) > 1:
        errors.add("kind", "one_at_a_time", _("Choose one kind: threats or opportunities."))
    return values[0] if values else Kind.THREAT.value


def _choice(errors: Errors, name: str, values: list[str], allowed: list[str]) -> list[str]:
    wrong = [v for v in values if v not in allowed]
    if wrong:
        errors.add(
            name,
            "unknown",
            _("“%(value)s” is unknown here; this must be one of: %(all)s.")
            % {"value": wrong[0][:60], "all": ", ".join(allowed)},
        )
    return [v for v in values if v in allowed]


def _bool(errors: Errors, name: str, values: list[str]) -> bool:
    if values[-1] not in ("true", "false"):
        errors.add(name, "not_a_boolean", _("This must be true or false."))
    return values[-1] == "true"


def _state(e: Errors, v: Viewer, m: Matrix, s: str, values: list[str], at: dt.datetime) -> Q:
    if values == ["all"]:
        return Q()
    return Q(state__in=_choice(e, "state", values, State.values))


def _kind(e: Errors, v: Viewer, m: Matrix, s: str, values: list[str], at: dt.datetime) -> Q:
    return Q(kind__in=_choice(e, "kind", values, Kind.values))


def _owner(e: Errors, v: Viewer, m: Matrix, s: str, values: list[str], at: dt.datetime) -> Q:
    return owned_by(e, v, values, Position.objects.visible_to(v))


def owned_by(errors: Errors, viewer: Viewer, values: list[str], rows: QuerySet[Any]) -> Q:
    """Rows whose owner is one of ``values``: “me”, a member's id or e-mail address.

    Somebody who is a member no more is known as long as one of ``rows``, which the viewer may all
    see, is theirs. Of everybody else it is said that they are unknown, wherever they are known.
    """
    wanted = Q()
    for value in values:
        if value == "me":
            wanted |= Q(owner=viewer.user)
            continue
        member = members_for(viewer).filter(member_named(value)).first()
        if member is not None:
            wanted |= Q(owner=member.user_id)
            continue
        try:
            theirs = Q(owner__uuid=uuid.UUID(value))
        except ValueError:
            theirs = Q(pk=None)
        if rows.filter(theirs).exists():
            wanted |= theirs
        else:
            errors.add(
                "owner",
                "unknown",
                _("“%(value)s” is nobody here; this must be “me” or a member's id.")
                % {"value": value[:60]},
            )
    return wanted


def of_party(errors: Errors, viewer: Viewer, values: list[str]) -> Q:
    """Rows of the parties whose keys are ``values``."""
    known = list(parties_for(viewer).values_list("key", flat=True))
    return Q(party__key__in=_choice(errors, "party", values, known))


def _party(e: Errors, v: Viewer, m: Matrix, s: str, values: list[str], at: dt.datetime) -> Q:
    return of_party(e, v, values)


def _rating(e: Errors, v: Viewer, m: Matrix, s: str, values: list[str], at: dt.datetime) -> Q:
    return Q(**{f"{s}_rating__in": _choice(e, "rating", values, m.rating_keys)})


def _level(name: str) -> Any:
    def read(e: Errors, v: Viewer, m: Matrix, s: str, values: list[str], at: dt.datetime) -> Q:
        levels = getattr(m.criteria, name)
        allowed = [str(n) for n in range(1, len(levels) + 1)]
        return Q(**{f"{s}_{name}__in": [int(n) for n in _choice(e, name, values, allowed)]})

    return read


def _term(e: Errors, v: Viewer, m: Matrix, s: str, values: list[str], at: dt.datetime) -> Q:
    # Links that name a term which was merged since find what it became.
    wanted, known = Q(), terms_by_name(v)
    for value in values:
        if ":" not in value:
            e.add("term", "malformed", _("A term is written taxonomy:term, as in market:eu."))
            continue
        if value not in known:
            unknown = {"names": value[:60]}
            text = _("Unknown term: %(names)s. Terms are written taxonomy:term.")
            e.add("term", "unknown_term", text % unknown)
            continue
        links = Risk.terms.through.objects.filter(term=known[value])
        wanted &= Q(risk__in=links.values("risk_id"))
    return wanted


def _objective(e: Errors, v: Viewer, m: Matrix, s: str, values: list[str], at: dt.datetime) -> Q:
    # Through a subquery: a join would count a risk once per matching objective.
    objectives = Objective.objects.visible_to(v).filter(key__in=values)
    known = set(objectives.values_list("key", flat=True))
    if unknown := [value for value in values if value not in known]:
        text = _("Unknown objective: %(names)s.") % {"names": unknown[0][:60]}
        e.add("objective", "unknown_objective", text)
    links = Risk.objectives.through.objects.filter(objective__in=objectives)
    return Q(risk__in=links.values("risk_id"))


def _q(e: Errors, v: Viewer, m: Matrix, s: str, values: list[str], at: dt.datetime) -> Q:
    return matching(values[-1], "risk__search_text", "ref")


def _overdue(e: Errors, v: Viewer, m: Matrix, s: str, values: list[str], at: dt.datetime) -> Q:
    late = Q(state=State.OPEN, risk__next_review_on__lt=v.today(at))
    return late if _bool(e, "overdue", values) else ~late


def _unrated(e: Errors, v: Viewer, m: Matrix, s: str, values: list[str], at: dt.datetime) -> Q:
    return Q(**{f"{s}_score__isnull": _bool(e, "unrated", values)})


def _above(e: Errors, v: Viewer, m: Matrix, s: str, values: list[str], at: dt.datetime) -> Q:
    above = [r for r in m.rating_keys if m.above_appetite(r)]
    wanted = Q(**{f"{s}_rating__in": above}, kind=Kind.THREAT)
    return wanted if _bool(e, "above_appetite", values) else ~wanted


def _due_before(e: Errors, v: Viewer, m: Matrix, s: str, values: list[str], at: dt.datetime) -> Q:
    try:
        day = day_in(values[-1])
    except ValueError:
        e.add("due_before", "not_a_date", _("This must be a date, as in 2027-03-31."))
        return Q()
    return Q(state=State.OPEN, risk__next_review_on__lt=day)


def _updated(e: Errors, v: Viewer, m: Matrix, s: str, values: list[str], at: dt.datetime) -> Q:
    try:
        moment: dt.datetime | None = moment_in(values[-1].replace(" ", "+"))
        moment = moment.astimezone(dt.UTC) if moment and moment.tzinfo else None
    except (ValueError, OverflowError):
        moment = None
    if moment is None:
        e.add(
            "updated_since",
            "not_a_time",
            _("This must be a time with its zone, as in 2026-11-01T08:00:00Z."),
        )
        return Q()
    return Q(risk__updated_at__gte=moment)


def _external(e: Errors, v: Viewer, m: Matrix, s: str, values: list[str], at: dt.datetime) -> Q:
    # What a party's systems call its risks is for that party alone.
    return Q(risk__external_id__in=values, party=v.party)


_READERS: dict[str, Any] = {
    "state": _state,
    "kind": _kind,
    "owner": _owner,
    "party": _party,
    "rating": _rating,
    "likelihood": _level("likelihood"),
    "impact": _level("impact"),
    "term": _term,
    "objective": _objective,
    "q": _q,
    "overdue": _overdue,
    "unrated": _unrated,
    "above_appetite": _above,
    "due_before": _due_before,
    "updated_since": _updated,
    "external_id": _external,
}
