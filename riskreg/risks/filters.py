"""Which risks: one reading of the query string for screens and API alike.

A filter that is misspelt, or names a level or rating that the criteria lack, is an error and not an
empty or a full list.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from riskreg.kernel.errors import Errors
from riskreg.kernel.search import contains_every_word
from riskreg.register.access import Viewer
from riskreg.register.filtering import (
    Asked,
    FilterReader,
    Ordering,
    check_names,
    choice_readers,
    is_of_parties,
    nonblank_values_by_name,
    parse_conditions_ignoring_unknown_names,
    parse_day,
    parse_known_values,
    parse_ordering,
    parse_switch,
    reader_filed_under_all_of,
    reader_owned_by_any_of,
    reader_updated_since,
)
from riskreg.register.models import Objective
from riskreg.register.own_appetites import own_rule
from riskreg.register.policy import STAGES, Matrix
from riskreg.risks.appetite import is_threat_above_appetite, is_threat_above_own_appetite
from riskreg.risks.fields import RISK
from riskreg.risks.models import Kind, Position, Risk, State
from riskreg.risks.parts import (
    COUNTED,
    WITHIN,
    is_left_out_as_part_or_whole,
    part_links_at,
    visible_relations,
)

# Filters that are no field of a risk, or no field alone.
_OF_THE_LIST = (
    "rating", "stage", "likelihood", "impact", "term", "objective", "q", "overdue", "due_before",
    "updated_since", "unrated", "above_appetite", "above_own", "part_of", "related_to", "parts",
    "happened",
)  # fmt: skip
# What says where on the map: which of its risks a map counts does not depend on it.
_OF_THE_CELL = ("rating", "likelihood", "impact", "unrated", "above_appetite", "above_own")
# What goes by something that the viewer's party has for itself alone.
OF_THE_PARTY = ("above_own", "external_id")
NAMES = (*(field.name for field in RISK.filters), *_OF_THE_LIST)
# What a list can be ordered by; each name may carry a minus. The place of the ref breaks ties.
ORDERINGS = RISK.orderings | {"score": "{stage}_score"}
# What a position has of its own; of all other fields it knows the risk.
_OF_POSITION = ("kind", "state")


@dataclass(frozen=True)
class RiskFilter:
    """A checked filter; ``given`` is the query string it came from, for links.

    ``on_map``: the conditions without those that only say where on the map. ``parts`` is what a map
    counts of risks and their parts; a list does so where it is asked to.
    """

    stage: str = "residual"
    conditions: Q = field(default_factory=Q)
    given: Mapping[str, list[str]] = field(default_factory=dict)
    state_given: bool = False
    kind: str = Kind.THREAT.value
    parts: str = WITHIN
    on_map: Q = field(default_factory=Q)

    @property
    def takes_all(self) -> bool:
        """Whether it leaves out nothing."""
        return not self.conditions

    def apply(self, positions: QuerySet[Position]) -> QuerySet[Position]:
        """Narrow ``positions`` (current ones) to what the filter asks for."""
        return positions.filter(self.conditions)


def parse(
    viewer: Viewer,
    params: Mapping[str, Any],
    at: dt.datetime,
    *,
    other_params: tuple[str, ...] = (),
    one_kind: bool = False,
) -> RiskFilter:
    """Read the filter names in ``params`` (a QueryDict or a dict of text or lists).

    ``other_params`` belong to somebody else and are passed over. With ``one_kind``
    the kind is no condition but the map that is asked for (threats unless named). Raises
    ``Invalid`` with every unknown name and bad value.
    """
    errors = Errors()
    check_names(errors, params, NAMES, other_params)
    given = nonblank_values_by_name(params, NAMES)
    stage = given["stage"][-1] if "stage" in given else "residual"
    if stage not in STAGES:
        errors.add(
            "stage", "unknown", _("This must be one of: %(all)s.") % {"all": ", ".join(STAGES)}
        )
        stage = "residual"
    readers = _filter_readers(Matrix(viewer.criteria), stage)
    kind = Kind.THREAT.value
    if one_kind:
        kind = _parse_one_kind(Asked(errors, viewer, "kind", given.get("kind", []), at))
        del readers["kind"]
    parts = parse_known_values(Asked(errors, viewer, "parts", given.get("parts", []), at), COUNTED)
    loose = {name: values for name, values in given.items() if name not in _OF_THE_CELL}
    on_map = parse_conditions_ignoring_unknown_names(errors, viewer, loose, readers, at)
    tight = {name: values for name, values in given.items() if name in _OF_THE_CELL}
    where = on_map & parse_conditions_ignoring_unknown_names(errors, viewer, tight, readers, at)
    errors.raise_if_any()
    if parts and not one_kind:
        among = _visible_positions(viewer).filter(on_map, valid_to=None, state=State.OPEN)
        where &= ~is_left_out_as_part_or_whole(viewer, parts[-1], among)
    return RiskFilter(
        stage=stage,
        conditions=where,
        given=given,
        state_given="state" in given,
        kind=kind,
        parts=parts[-1] if parts else WITHIN,
        on_map=on_map,
    )


def parse_risk_ordering(errors: Errors, value: str | None, stage: str, default: str) -> Ordering:
    """What ``value`` (``score``, ``-score`` …) asks for."""
    return parse_ordering(errors, ORDERINGS, value or default, stage=stage)


def _parse_one_kind(asked: Asked) -> str:
    """The kind that one map is of; good and bad never share one."""
    values = parse_known_values(asked, Kind.values)
    if len(set(values)) > 1:
        asked.note_error("one_at_a_time", _("Choose one kind: threats or opportunities."))
    return values[0] if values else Kind.THREAT.value


def _visible_positions(viewer: Viewer) -> QuerySet[Any]:
    return Position.objects.visible_to(viewer)


def _filter_readers(matrix: Matrix, stage: str) -> dict[str, FilterReader]:
    """A reader for each filter but the stage, which the others are about."""
    choices = choice_readers(RISK, "risk__") | {
        name: reader for name, reader in choice_readers(RISK).items() if name in _OF_POSITION
    }
    return choices | {
        "state": lambda asked: Q() if asked.values == ["all"] else choices["state"](asked),
        "owner": reader_owned_by_any_of(_visible_positions),
        "party": is_of_parties,
        "rating": lambda asked: Q(
            **{f"{stage}_rating__in": parse_known_values(asked, matrix.rating_keys)}
        ),
        "likelihood": lambda asked: _is_at_level(asked, matrix, stage),
        "impact": lambda asked: _is_at_level(asked, matrix, stage),
        "term": reader_filed_under_all_of(Risk.terms.through.objects.all(), "risk_id", "risk"),
        "objective": _serves_objective,
        "part_of": _is_part_of,
        "related_to": _is_related_to,
        "q": lambda asked: contains_every_word(asked.value, "risk__search_text", "ref"),
        "overdue": _is_review_overdue,
        "unrated": lambda asked: Q(**{f"{stage}_score__isnull": parse_switch(asked)}),
        "happened": lambda asked: Q(risk__happened_on__isnull=not parse_switch(asked)),
        "above_appetite": lambda asked: _is_above_appetite(asked, matrix, stage),
        "above_own": lambda asked: _is_above_own_appetite(asked, matrix, stage),
        "due_before": _is_due_before,
        "updated_since": reader_updated_since("risk__updated_at"),
        # What a party's systems call its risks is for that party alone.
        "external_id": lambda asked: Q(
            risk__external_id__in=asked.values, party=asked.viewer.party
        ),
    }


def _is_at_level(asked: Asked, matrix: Matrix, stage: str) -> Q:
    levels = getattr(matrix.criteria, asked.name)
    found = parse_known_values(asked, [str(n) for n in range(1, len(levels) + 1)])
    return Q(**{f"{stage}_{asked.name}__in": [int(n) for n in found]})


def find_asked_objectives(asked: Asked) -> QuerySet[Objective]:
    """The objectives asked for, by key; one that the viewer may not know of is unknown."""
    objectives = Objective.objects.visible_to(asked.viewer).filter(key__in=asked.values)
    known = set(objectives.values_list("key", flat=True))
    if unknown := [value for value in asked.values if value not in known]:
        asked.note_error(
            "unknown_objective", _("Unknown objective: %(names)s.") % {"names": unknown[0][:60]}
        )
    return objectives


def _serves_objective(asked: Asked) -> Q:
    # Through a subquery: a join would count a risk once per matching objective.
    links = Risk.objectives.through.objects.filter(objective__in=find_asked_objectives(asked))
    return Q(risk__in=links.values("risk_id"))


def _find_asked_risk_ids(asked: Asked) -> list[int]:
    """Database ids of the risks that the values name, by ref."""
    named = _visible_positions(asked.viewer).filter(valid_to=None, ref__in=asked.values)
    found = dict(named.values_list("ref", "risk_id"))
    if unknown := [ref for ref in asked.values if ref not in found]:
        asked.note_error("unknown_risk", _("Unknown risk: %s.") % unknown[0][:60])
    return list(found.values())


def _is_part_of(asked: Asked) -> Q:
    links = part_links_at(asked.viewer).filter(other__in=_find_asked_risk_ids(asked))
    return Q(risk__in=links.values("risk_id"))


def _is_related_to(asked: Asked) -> Q:
    links, known = (
        visible_relations(asked.viewer).filter(ended_at=None),
        _find_asked_risk_ids(asked),
    )
    return Q(risk__in=links.filter(other__in=known).values("risk_id")) | Q(
        risk__in=links.filter(risk__in=known).values("other_id")
    )


def _is_review_overdue(asked: Asked) -> Q:
    late = Q(state=State.OPEN, risk__next_review_on__lt=asked.viewer.today(asked.at))
    return late if parse_switch(asked) else ~late


def _is_above_appetite(asked: Asked, matrix: Matrix, stage: str) -> Q:
    wanted = is_threat_above_appetite(matrix, stage)
    return wanted if parse_switch(asked) else ~wanted


def _is_above_own_appetite(asked: Asked, matrix: Matrix, stage: str) -> Q:
    # Of who acts for no party: nothing is above what nobody has said.
    wanted = is_threat_above_own_appetite(
        matrix, own_rule(asked.viewer).above_appetite_conditions(), stage
    )
    return wanted if parse_switch(asked) else ~wanted


def _is_due_before(asked: Asked) -> Q:
    day = parse_day(asked)
    return Q(state=State.OPEN, risk__next_review_on__lt=day) if day else Q()
