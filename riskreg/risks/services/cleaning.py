"""Checking what a risk is given, where it takes more than the table of its fields says."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from riskreg.kernel.errors import Errors
from riskreg.kernel.fields import Type
from riskreg.kernel.text import clean_text
from riskreg.register.access import Viewer
from riskreg.register.cleaning import clean_choice, clean_given
from riskreg.register.models import Party
from riskreg.register.sourcing import check_labels
from riskreg.register.translations import CONFIRMED, clean_confirmed
from riskreg.register.visibility import Visibility
from riskreg.risks.fields import RISK
from riskreg.risks.models import Kind, Risk
from riskreg.risks.policy import RESPONSES

LINKS = RISK.names(Type.TERMS, Type.OBJECTIVES)


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
            "external_id": lambda value: _external_id(errors, viewer, party, value, risk),
        },
    )
    if viewer.party_id != party.pk:
        clean.pop("external_id", None)
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


def check_people(errors: Errors, owner: Any, deputy: Any) -> None:
    """Note a deputy who is the owner."""
    if deputy is not None and owner == deputy:
        errors.add("deputy", "same_as_owner", _("The deputy must be somebody else than the owner."))


def _external_id(
    errors: Errors, viewer: Viewer, party: Party, value: Any, risk: Risk | None
) -> str | None:
    limit = RISK["external_id"].limit
    text = clean_text(errors, "external_id", value, limit=limit, one_line=True)
    if viewer.party_id == party.pk:
        _check_external_id(errors, viewer, party, text, risk)
    elif text:
        # Others are shown none, so none is what they may send back; whether a guess is right
        # is not said, and "taken" would tell about risks that they cannot see.
        errors.add("external_id", "other_party", _("Only the risk's own party names it."))
    return text or None


def _check_external_id(
    errors: Errors, viewer: Viewer, party: Party, external_id: str, risk: Risk | None
) -> None:
    same = Risk.objects.visible_to(viewer).filter(party=party, external_id=external_id)
    if risk is not None:
        same = same.exclude(pk=risk.pk)
    if external_id and (taken := same.first()):
        errors.add(
            "external_id",
            "taken",
            _("%(ref)s has this external id already.") % {"ref": taken.ref},
        )
