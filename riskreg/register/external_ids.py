"""What a party's other systems call a thing: for that party alone, whoever else sees the thing."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from riskreg.kernel.errors import Errors, Invalid
from riskreg.kernel.text import clean_text
from riskreg.register.access import Viewer
from riskreg.register.common_fields import EXTERNAL_ID
from riskreg.register.filtering import Asked
from riskreg.register.models import Party


def external_id_of(thing: Any, viewer: Viewer) -> str | None:
    """What its party's systems call ``thing``; None to everybody else."""
    own = thing.party_id == viewer.party_id
    return str(thing.external_id) if own and thing.external_id else None


def has_asked_external_id(asked: Asked) -> Q:
    """Rows of the asker's own party that its systems call one of the values."""
    return Q(external_id__in=asked.values, party=asked.viewer.party)


def clean_external_id(
    errors: Errors,
    viewer: Viewer,
    given: Mapping[str, Any],
    model: type[models.Model],
    party: Party,
    current: Any = None,
) -> dict[str, str | None]:
    """``external_id`` of ``given``, checked: ``{}`` where it is not given or not the viewer's to
    set. ``party`` is whose the thing is or will be, ``current`` the row that changes."""
    name = EXTERNAL_ID.name
    if name not in given:
        return {}
    limit = EXTERNAL_ID.limit
    text = clean_text(errors, name, given[name], limit=limit, one_line=True)
    if viewer.party_id != party.pk:
        if text:
            # Others are shown none, so none is what they may send back; whether a guess is right
            # is not said, and "taken" would tell about things that they cannot see.
            errors.add(name, "other_party", _("Only its own party names it."))
        return {}
    if text:
        _check_external_id_free(errors, viewer, text, model, party, current)
    return {name: text or None}


def _check_external_id_free(
    errors: Errors,
    viewer: Viewer,
    external_id: str,
    model: Any,
    party: Party,
    current: Any,
) -> None:
    same = model.objects.visible_to(viewer).filter(party=party, external_id=external_id)
    if current is not None:
        same = same.exclude(pk=current.pk)
    if taken := same.first():
        words = _("%(ref)s has this external id already.")
        errors.add("external_id", "taken", words % {"ref": getattr(taken, "ref", None) or taken})


@contextmanager
def refusing_taken_external_id(*, written: bool = True) -> Iterator[None]:
    """Around a write: where somebody else took the external id meanwhile, ``Invalid`` says so.

    Where none is ``written`` nothing can be taken, and no savepoint is made.
    """
    if not written:
        yield
        return
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if "external_id" not in str(error):
            raise
        raise Invalid.one(
            "external_id", "taken", _("This external id is taken already.")
        ) from error
