"""Checking what a risk is given, where it takes more than the table of its fields says."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from riskreg.kernel.errors import Errors
from riskreg.kernel.fields import Type
from riskreg.register.access import Viewer
from riskreg.register.cleaning import clean_choice, clean_given
from riskreg.register.external_ids import clean_external_id
from riskreg.register.models import Party
from riskreg.register.sourcing import check_labels
from riskreg.register.translations import CONFIRMED, clean_confirmed
from riskreg.register.visibility import Visibility
from riskreg.risks.fields import RISK
from riskreg.risks.models import Kind, Risk
from riskreg.risks.policy import RESPONSES

LINKS = RISK.names_of_type(Type.TERMS, Type.OBJECTIVES)


def clean_fields(
    errors: Errors,
    viewer: Viewer,
    given: Mapping[str, Any],
    *,
    party: Party,
    visibility: str,
    risk: Risk | None = None,
) -> dict[str, Any]:
    """``given`` checked by the table, and by what only holds for several fields together."""
    kind = given.get("kind")
    if kind not in Kind.values:
        kind = risk.kind if risk else Kind.THREAT
    responses = RESPONSES[kind]
    clean = clean_given(
        errors,
        viewer,
        RISK,
        given,
        party=party,
        visibility=visibility,
        current=risk,
        special={
            "response": lambda value: clean_choice(errors, "response", value, responses, False),
        },
        besides=("external_id",),
    )
    clean |= clean_external_id(errors, viewer, given, Risk, party, risk)
    if "sources" in given or "labels" in given:
        check_labels(
            errors,
            clean.get("labels", risk.labels if risk else {}),
            clean.get("sources", risk.sources if risk else []),
            "labels" if "labels" in given else "sources",
        )
    if CONFIRMED in given and risk is not None:
        versions = clean.get("translations", risk.translations)
        clean[CONFIRMED] = clean_confirmed(errors, given[CONFIRMED], versions)
    if visibility == Visibility.SHARED and any(
        o.visibility == Visibility.PARTY for o in clean.get("objectives", ())
    ):
        errors.add(
            "objectives",
            "private_objective",
            _("A shared risk cannot name an objective that is one party's own."),
        )
    return clean


def check_deputy_is_not_owner(errors: Errors, owner: Any, deputy: Any) -> None:
    """Note a deputy who is the owner."""
    if deputy is not None and owner == deputy:
        errors.add("deputy", "same_as_owner", _("The deputy must be somebody else than the owner."))
