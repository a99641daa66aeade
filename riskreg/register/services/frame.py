"""Changes to a register's frame."""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.events.services import append
from riskreg.kernel.clock import time_zones
from riskreg.kernel.errors import Errors, Invalid
from riskreg.kernel.localised import clean_names
from riskreg.register.access import Viewer
from riskreg.register.models import (
    Criteria,
    Party,
    RefSequence,
    Register,
    Role,
)
from riskreg.register.permissions import require
from riskreg.register.policy import clean_criteria, default_criteria
from riskreg.register.services.named import LogSubject

_KEY = re.compile(r"^[a-z0-9][a-z0-9-]{0,39}\Z")
_LETTERS = {"risk": "R", "mitigation": "M", "indicator": "K", "change_request": "CR",
            "acceptance": "A", "driver": "D", "decision": "X"}  # fmt: skip
_PREFIX = re.compile(r"^[A-Z]{1,3}\Z")
# Words that an address of a page or of the API may need some day.
RESERVED_SLUGS = frozenset(
    ("accounts", "admin", "all", "api", "archive", "copy", "me", "none", "search", "setup")
)


@transaction.atomic
def create_register(
    *,
    slug: str,
    names: Any,
    currency: str,
    time_zone: str,
    at: dt.datetime,
    criteria: Mapping[str, Any] | None = None,
    descriptions: Any = None,
    notices: Any = None,
    languages: list[str] | None = None,
    by: User,
) -> Register:
    """Make a register with its first criteria (the 5 × 5 default if none are given).

    Raises ``Invalid`` for a slug that is taken or malformed, an unknown zone or currency code.
    """
    errors = Errors()
    names = clean_names(errors, "names", names)
    if not _KEY.match(slug):
        errors.add(
            "slug",
            "malformed",
            _("The name in addresses is of lower-case letters, digits and hyphens."),
        )
    elif slug in RESERVED_SLUGS:
        errors.add("slug", "reserved", _("This word is kept for the system; choose another name."))
    elif Register.objects.filter(slug=slug).exists():
        errors.add("slug", "taken", _slug_taken_text())
    if time_zone not in time_zones():
        errors.add("time_zone", "unknown", _("There is no time zone of that name."))
    if not re.fullmatch(r"[A-Z]{3}", currency):
        errors.add("currency", "malformed", _("A currency is a three-letter ISO 4217 code."))
    known = [code for code, _name in settings.LANGUAGES]
    languages = languages or known
    if set(languages) - set(known):
        errors.add("languages", "unknown", _("Languages are: %s.") % ", ".join(known))
    errors.raise_if_any()
    try:
        with transaction.atomic():
            register = Register.objects.create(
                slug=slug,
                names=names,
                descriptions=descriptions or {},
                notices=notices or {},
                currency=currency,
                time_zone=time_zone,
                languages=[code for code in known if code in languages],
                made_by=by,
                created_at=at,
            )
    except IntegrityError:
        # Somebody else was making one of that slug since it was looked for.
        raise Invalid.one("slug", "taken", _slug_taken_text()) from None
    register.criteria = Criteria.objects.create(
        register=register, number=1, created_at=at, **clean_criteria(criteria or default_criteria())
    )
    register.save(update_fields=["criteria"])
    founder = Viewer(user=by, register=register, role=Role.MANAGER, party=None)
    append(founder.entry("register.created", LogSubject(register, slug), at=at))
    return register


def _slug_taken_text() -> str:
    return _("There is a register of that name in addresses already; choose another.")


@transaction.atomic
def add_party(
    *, register: Register, key: str, names: Any, prefix: str, at: dt.datetime, by: User
) -> Party:
    """Add an organisation. ``prefix``: 1 to 3 capital letters, not R, for the refs of its own.

    Of a register that is being made; into one that is there, ``bring_in_party`` asks first.
    """
    names = clean_names_of_new_party(register, key, names, prefix)
    party = Party.objects.create(
        register=register, key=key, names=names, prefix=prefix, created_at=at
    )
    founder = Viewer(user=by, register=register, role=Role.MANAGER, party=None)
    changes = {"names": [None, names], "prefix": [None, prefix]}
    append(founder.entry("party.added", party, at=at, changes=changes))
    return party


def clean_names_of_new_party(
    register: Register, key: str, names: Any, prefix: str
) -> dict[str, str]:
    """The names of a party that could be added. Raises ``Invalid`` naming what is wrong."""
    errors = Errors()
    clean = clean_names(errors, "names", names)
    check_name_free(errors, clean, Party.objects.filter(register=register))
    if not _KEY.match(key):
        errors.add("key", "malformed", _("A key is lower-case letters, digits and hyphens."))
    elif Party.objects.filter(register=register, key=key).exists():
        errors.add("key", "taken", _("There is a party of that key already; choose another."))
    if not _PREFIX.match(prefix) or prefix == "R":
        errors.add("prefix", "malformed", _("A prefix is 1 to 3 capital letters, and not R."))
    elif Party.objects.filter(register=register, prefix=prefix).exists():
        errors.add("prefix", "taken", _("Another party has this prefix."))
    errors.raise_if_any()
    return clean


def check_name_free(errors: Errors, names: Mapping[str, str], others: Iterable[Party]) -> None:
    """Note a name that another party has, in the same language, however it is written."""
    for row in others:
        for language, name in row.names.items():
            if names.get(language, "").casefold() == name.casefold():
                text = _("Another one is called “%(name)s” already.") % {"name": name}
                errors.add("names", "taken", text)
                return


@transaction.atomic
def add_criteria(*, actor: Viewer, data: Mapping[str, Any], at: dt.datetime) -> Criteria:
    """A new version of the criteria, not yet in force (``risks.services.adopt_criteria``)."""
    require(actor, "register.configure")
    register = Register.objects.select_for_update(no_key=True).get(pk=actor.register.pk)
    last = Criteria.objects.filter(register=register).order_by("-number").first()
    row = Criteria.objects.create(
        register=register,
        number=(last.number if last else 0) + 1,
        created_at=at,
        **clean_criteria(data),
    )
    append(actor.entry("criteria.added", LogSubject(row, f"criteria-{row.number}"), at=at))
    return row


def mark_criteria_used(criteria: Criteria, at: dt.datetime) -> None:
    """Freeze a version: something was judged by it."""
    if criteria.used_at is None:
        # Not noted on the row that was read: it would outlive a savepoint that is rolled back, and
        # whoever comes next by it would not freeze them.
        Criteria.objects.filter(pk=criteria.pk, used_at=None).update(used_at=at)


def lock_refs(register: Register, noun: str, private_to: Party | None) -> RefSequence:
    """The sequence of refs of a noun for its audience, locked until commit: whoever else makes or
    relates things of that audience waits."""
    sequence, _made = RefSequence.objects.select_for_update().get_or_create(
        register=register, party=private_to, noun=noun
    )
    return sequence


def take_next_ref(register: Register, noun: str, private_to: Party | None) -> str:
    """The next ref of a noun for its audience, inside a transaction.

    Each party has a sequence of its own, so that what is shared never shows a gap. The sequence row
    is locked until commit: a number that was rolled back is given out again.
    """
    (ref,) = take_next_refs(register, noun, private_to, 1)
    return ref


def take_next_refs(
    register: Register, noun: str, private_to: Party | None, count: int
) -> list[str]:
    """The next ``count`` refs, as ``take_next_ref`` gives one."""
    sequence = lock_refs(register, noun, private_to)
    first, sequence.last = sequence.last + 1, sequence.last + count
    sequence.save(update_fields=["last"])
    letter = _LETTERS[noun]
    if private_to is not None:
        letter = private_to.prefix + ("" if noun == "risk" else letter)
    return [f"{letter}-{number:03d}" for number in range(first, sequence.last + 1)]
