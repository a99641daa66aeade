"""Appetite in the database: which positions are above it, by the one rule of ``register.appetite``.

Risks are known by what they are filed under now, on a past day too. A term that was merged into
another is found there: criteria that named it still mean what is filed under the other since.
"""

import functools
import operator
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db.models import Aggregate, F, OuterRef, Q, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Coalesce, Concat

from riskreg.register.appetite import ConditionBeforeAndNow, TermCondition
from riskreg.register.models import Criteria, Term
from riskreg.register.own_appetites import ConditionByRating
from riskreg.register.policy import Matrix
from riskreg.risks.models import Kind, Risk

NOBODY = Q(pk=None)


def is_threat_above_appetite(matrix: Matrix, stage: str = "residual") -> Q:
    """Of positions: threats that are rated above their appetite at ``stage``."""
    return _is_threat_above(matrix, matrix.above_appetite_condition, stage)


def is_threat_above_own_appetite(
    matrix: Matrix, own: ConditionByRating, stage: str = "residual"
) -> Q:
    """Of positions: threats that are rated above what a party itself is content with."""
    return _is_threat_above(matrix, dict(own).__getitem__, stage)


def _is_threat_above(
    matrix: Matrix, condition_of_rating: Callable[[str], TermCondition], stage: str
) -> Q:
    ratings: dict[TermCondition, list[str]] = defaultdict(list)
    for key in matrix.rating_keys:
        if not (condition := condition_of_rating(key)).is_met_by_none:
            ratings[condition].append(key)
    found = NOBODY
    for condition, keys in ratings.items():
        rated = Q(**{f"{stage}_rating__in": keys})
        found |= (
            rated if condition.is_met_by_all else rated & meets_term_condition(matrix, condition)
        )
    return Q(kind=Kind.THREAT) & found


def is_threat_above_appetite_of_its_criteria(versions: Iterable[Criteria]) -> Q:
    """Of positions: threats above the appetite of the criteria by which they are rated, among
    ``versions``."""
    alike: dict[tuple[Any, ...], list[Matrix]] = defaultdict(list)
    for version in versions:
        matrix = Matrix(version)
        rules = tuple((key, matrix.above_appetite_condition(key)) for key in matrix.rating_keys)
        alike[rules].append(matrix)
    found = NOBODY
    for matrices in alike.values():
        found |= Q(criteria__in=[m.criteria.pk for m in matrices]) & is_threat_above_appetite(
            matrices[0]
        )
    return found


def is_met_by_conditions_of_now_alone(
    conditions_before_and_now: Sequence[ConditionBeforeAndNow], matrix: Matrix
) -> Q | bool:
    """Of positions: risks that meet a condition of now, and did not meet the one before it
    (``policy.acceptances.changed_appetite_conditions``); True or False where that does not depend
    on terms."""
    found = []
    for before, now in conditions_before_and_now:
        if now.is_met_by_none or before.is_met_by_all:
            continue
        parts = [] if now.is_met_by_all else [meets_term_condition(matrix, now)]
        parts += [] if before.is_met_by_none else [~meets_term_condition(matrix, before)]
        if not parts:
            return True
        found.append(functools.reduce(operator.and_, parts))
    return functools.reduce(operator.or_, found) if found else False


def meets_term_condition(matrix: Matrix, condition: TermCondition) -> Q:
    """Of positions: those of the risks that meet it, in the register of ``matrix``."""
    found = _is_filed_under(matrix, condition.some) if condition.some else NOBODY
    return found | ~_is_filed_under(matrix, condition.named) if condition.others else found


def _is_filed_under(matrix: Matrix, refs: Iterable[str]) -> Q:
    keys: dict[str, list[str]] = defaultdict(list)
    for ref in sorted(refs):
        taxonomy, _colon, key = ref.partition(":")
        keys[taxonomy].append(key)
    called = Q()
    for taxonomy, own in keys.items():
        called |= Q(taxonomy__key=taxonomy) & (Q(key__in=own) | Q(merged__key__in=own))
    named = Term.objects.filter(called, taxonomy__register=matrix.criteria.register_id)
    links = Risk.terms.through.objects.filter(term__in=named.order_by().values("pk"))
    return Q(risk__in=links.values("risk_id"))


# What Python reads of the terms of rows ----------------------------------------------------------
class _Joined(Aggregate):
    """Texts of a group with a space between them."""

    output_field = TextField()
    function = "GROUP_CONCAT"
    template = "%(function)s(%(expressions)s, ' ')"

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """As PostgreSQL calls it."""
        return self.as_sql(compiler, connection, function="STRING_AGG", **extra)


def joined_terms_expression(risk: str = "risk") -> Coalesce:
    """The terms of the risk that the column ``risk`` of the outer query names, for
    ``split_joined_terms``: no query of its own for each row."""
    taxonomy, colon = F("term__taxonomy__key"), Value(":")
    merged = Coalesce("term__merged__key", F("term__key"))
    names = Concat(
        *(taxonomy, colon, F("term__key"), Value(" "), taxonomy, colon, merged),
        output_field=TextField(),
    )
    rows: QuerySet[Any] = Risk.terms.through.objects.filter(risk=OuterRef(risk)).order_by()
    texts = rows.values("risk").annotate(joined=_Joined(names)).values("joined")
    return Coalesce(Subquery(texts), Value(""), output_field=TextField())


def split_joined_terms(text: str) -> frozenset[str]:
    """The terms, written ``taxonomy:term``, of what ``joined_terms_expression`` reads; those
    that were merged into them among them."""
    return frozenset(text.split())


def terms_if_appetites_need_them(risk: Risk, *matrices: Matrix) -> frozenset[str]:
    """The terms of ``risk`` for ``Matrix.above_appetite``: not read where no matrix names any."""
    named = any(matrix.term_appetites for matrix in matrices)
    return terms_of(risk) if named else frozenset()


def terms_of(risk: Risk) -> frozenset[str]:
    """The same of one risk."""
    text: str = (
        Risk.objects.filter(pk=risk.pk).values_list(joined_terms_expression("pk"), flat=True).get()
    )
    return split_joined_terms(text)
