"""What an estimate includes already is not added again by a driver; both sentences are shown."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from riskreg.analysis.models import Driver
from riskreg.analysis.policy.drivers import first_text_naming_driver
from riskreg.analysis.queries.drivers import links_in_force_for
from riskreg.analysis.queries.estimates import newest_of_each_expert_and_stage, visible_estimates
from riskreg.kernel.errors import Errors
from riskreg.register.visibility import Reader
from riskreg.risks.models import Risk


def check_link_not_in_estimates(
    errors: Errors, viewer: Reader, risk: Risk, driver: Driver, why: str
) -> None:
    """Note a link to a driver that an estimate of the risk includes."""
    rows = visible_estimates(viewer).filter(risk=risk).order_by("-at", "-id")
    for row in newest_of_each_expert_and_stage(rows):
        _note_if_included(errors, "driver", row, driver, why)


def check_estimate_without_linked_drivers(
    errors: Errors, viewer: Reader, risk: Risk, row: Any
) -> None:
    """Note an estimate of the risk (or what it would say) that includes what moves it already."""
    for link in links_in_force_for(viewer).filter(risk=risk):
        _note_if_included(errors, "included", row, link.driver, link.rationale)


def check_nothing_counted_twice(errors: Errors, viewer: Reader, rows: Iterable[Any]) -> None:
    """Note what would be reckoned with twice in a run of those estimates. One party may link what
    an estimate includes that it does not know of."""
    by_risk: dict[int, list[Any]] = {}
    for row in rows:
        by_risk.setdefault(row.risk_id, []).append(row)
    for link in links_in_force_for(viewer).filter(risk__in=by_risk):
        for row in by_risk[link.risk_id]:
            _note_if_included(errors, "audience", row, link.driver, link.rationale, link.risk.ref)


def _note_if_included(
    errors: Errors, field: str, row: Any, driver: Driver, why: str, ref: str = ""
) -> None:
    sentence = first_text_naming_driver(driver, [row.included, *_translations_of_included(row)])
    if not sentence or errors.has_any_on(field):
        return
    text = _(
        "%(driver)s would be reckoned with twice: an estimate includes it already "
        "(“%(included)s”), and it moves the risk besides (“%(why)s”). Give an estimate without "
        "it, or leave the link out."
    ) % {"driver": str(driver), "included": sentence[:300], "why": why[:300]}
    errors.add(field, "twice", f"{ref}: {text}" if ref else text)


def _translations_of_included(row: Any) -> list[str]:
    return [texts.get("included", "") for texts in (row.translations or {}).values()]
