"""The ladder: which rung a duty is on, and what a ladder must be like to be one."""

import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from riskreg.kernel.errors import Errors

# Whom a rung tells, beside users by name.
OWNER, DEPUTY, MANAGERS, LEADERS = "owner", "deputy", "managers", "leaders"
RECIPIENTS = (OWNER, DEPUTY, MANAGERS, LEADERS)
MAIL, CHAT, WEBHOOK = "mail", "chat", "webhook"
CHANNELS = (MAIL, CHAT, WEBHOOK)
MAX_RUNGS, MAX_OFFSET, MAX_USERS = 12, 365, 20


@dataclass(frozen=True)
class Rung:
    """From ``offset_days`` after the due date on (negative: before it), these are told.

    Its offset names it within its ladder. ``users`` are public ids of members told by name;
    ``interrupts``: told at once, in a message of its own, instead of with the next digest.
    """

    offset_days: int
    tells: tuple[str, ...] = ()
    users: tuple[uuid.UUID, ...] = ()
    channels: tuple[str, ...] = (MAIL,)
    interrupts: bool = False

    @property
    def is_announced(self) -> bool:
        """Whether it is told to chats or webhooks as well."""
        return CHAT in self.channels or WEBHOOK in self.channels

    def as_json(self) -> dict[str, Any]:
        """As it is stored; ``rungs_from`` reads it back."""
        return {
            "offset_days": self.offset_days,
            "tells": list(self.tells),
            "users": [str(user) for user in self.users],
            "channels": list(self.channels),
            "interrupts": self.interrupts,
        }


@dataclass(frozen=True)
class Extension:
    """A due date's written extension: until when, and the day on which it was granted."""

    until: dt.date
    granted_on: dt.date


# What a register climbs that has made no ladder of its own.
DEFAULT_LADDER: tuple[Rung, ...] = (
    Rung(-14, (OWNER,)),
    Rung(-3, (OWNER,)),
    Rung(0, (OWNER, DEPUTY)),
    Rung(7, (OWNER, DEPUTY, MANAGERS)),
    Rung(21, (OWNER, DEPUTY, MANAGERS, LEADERS), interrupts=True),
)


def rungs_from(stored: Sequence[Mapping[str, Any]]) -> tuple[Rung, ...]:
    """The ladder that was stored as JSON; it was checked when it was written."""
    return tuple(
        Rung(
            offset_days=rung["offset_days"],
            tells=tuple(rung["tells"]),
            users=tuple(uuid.UUID(user) for user in rung["users"]),
            channels=tuple(rung["channels"]),
            interrupts=rung["interrupts"],
        )
        for rung in stored
    )


def day_of_rung(rung: Rung, due_on: dt.date, extension: Extension | None = None) -> dt.date:
    """The day on which ``rung`` comes.

    An extension moves the rungs that had not come when it was granted: they count from its end.
    """
    step = dt.timedelta(days=rung.offset_days)
    plain = due_on + step
    if extension is None or plain <= extension.granted_on:
        return plain
    return extension.until + step


def highest_rung_reached(
    ladder: Sequence[Rung], due_on: dt.date, today: dt.date, extension: Extension | None = None
) -> Rung | None:
    """The highest rung that has come by ``today``; None before the first."""
    return next(
        (rung for rung in reversed(ladder) if day_of_rung(rung, due_on, extension) <= today), None
    )


def rung_of(ladder: Sequence[Rung], offset_days: int) -> Rung | None:
    """The rung of that offset; None where the ladder has none there."""
    return next((rung for rung in ladder if rung.offset_days == offset_days), None)


def rungs_below(ladder: Sequence[Rung], rung: Rung) -> list[Rung]:
    """The rungs lower than ``rung``, lowest first."""
    return [r for r in ladder if r.offset_days < rung.offset_days]


def due_date_cutoffs(ladder: Sequence[Rung], today: dt.date) -> list[tuple[Rung, dt.date]]:
    """Each rung with the last due date that has reached it by ``today``, highest rung first."""
    return [(rung, today - dt.timedelta(days=rung.offset_days)) for rung in reversed(ladder)]


def rungs_from_offset(ladder: Sequence[Rung], lowest: int | None) -> tuple[Rung, ...]:
    """The rungs that stand at ``lowest`` days or later; all for None. Never empty from 0 down."""
    return tuple(r for r in ladder if lowest is None or r.offset_days >= lowest)


def clean_ladder(data: Any) -> tuple[Rung, ...]:
    """``data`` (a list of rungs, or of objects with a rung's fields) as a ladder, lowest first.

    Raises ``Invalid``; a field's path names the rung by its place in ``data``, as in
    ``rungs.2.offset_days``: two rungs of one offset, none at 0, an unknown recipient or channel,
    nobody to tell, an offset beyond a year, more than 12 rungs. Whether users named are members is
    for ``services.set_reminder_ladder`` to find out.
    """
    errors = Errors()
    if not isinstance(data, (list, tuple)):
        errors.add("rungs", "not_a_list", _("A ladder is a list of rungs."))
        errors.raise_if_any()
    if not 1 <= len(data) <= MAX_RUNGS:
        errors.add("rungs", "count", _("A ladder has 1 to %(n)d rungs.") % {"n": MAX_RUNGS})
        errors.raise_if_any()
    rungs = [_clean_rung(errors, f"rungs.{place}", given) for place, given in enumerate(data)]
    first: dict[int, int] = {}
    for place, rung in enumerate(rungs):
        if errors.has_any_on(f"rungs.{place}.offset_days", f"rungs.{place}"):
            continue
        if rung.offset_days in first:
            errors.add(
                f"rungs.{place}.offset_days",
                "twice",
                _("Rung %(n)d stands on the same day as rung %(first)d.")
                % {"n": place + 1, "first": first[rung.offset_days] + 1},
            )
        first.setdefault(rung.offset_days, place)
    if 0 not in first and not errors.fields:
        errors.add("rungs", "none_at_zero", _("One rung must stand on the due date itself, at 0."))
    errors.raise_if_any()
    return tuple(sorted(rungs, key=lambda rung: rung.offset_days))


def _clean_rung(errors: Errors, path: str, given: Any) -> Rung:
    if isinstance(given, Rung):
        given = given.as_json()
    if not isinstance(given, Mapping):
        errors.add(path, "not_a_rung", _("A rung is an object with offset_days and tells."))
        return Rung(0)
    unknown = sorted(set(map(str, given)) - {*Rung.__dataclass_fields__})
    if unknown:
        errors.add(
            path, "unknown_field", _("A rung has no %(names)s.") % {"names": ", ".join(unknown)}
        )
    interrupts = given.get("interrupts", False)
    if not isinstance(interrupts, bool):
        errors.add(f"{path}.interrupts", "not_a_boolean", _("This must be true or false."))
    tells = _clean_keys(errors, f"{path}.tells", given.get("tells", ()), RECIPIENTS)
    users = _clean_users(errors, f"{path}.users", given.get("users", ()))
    if not tells and not users and not errors.has_any_on(f"{path}.tells", f"{path}.users"):
        errors.add(f"{path}.tells", "required", _("Somebody must be told on every rung."))
    channels = _clean_keys(errors, f"{path}.channels", given.get("channels", (MAIL,)), CHANNELS)
    if MAIL not in channels and not errors.has_any_on(f"{path}.channels"):
        errors.add(
            f"{path}.channels",
            "mail_needed",
            _("Every rung goes out by mail; chats and webhooks are told as well, not instead."),
        )
    offset = _clean_offset(errors, f"{path}.offset_days", given.get("offset_days"))
    return Rung(offset, tells, users, channels, interrupts is True)


def _clean_offset(errors: Errors, field: str, given: Any) -> int:
    if isinstance(given, bool) or not isinstance(given, int):
        errors.add(field, "not_a_number", _("This must be a whole number of days."))
        return 0
    if abs(given) > MAX_OFFSET:
        errors.add(
            field,
            "too_far",
            _("A rung stands at most %(n)d days before or after the due date.") % {"n": MAX_OFFSET},
        )
    return given


def _clean_keys(errors: Errors, field: str, given: Any, known: Collection[str]) -> tuple[str, ...]:
    """Those of ``known`` that are given, in their order there; notes whatever else is."""
    if not isinstance(given, (list, tuple)):
        errors.add(field, "not_a_list", _("This must be a list."))
        return ()
    unknown = [str(name)[:40] for name in given if name not in known]
    if unknown:
        errors.add(
            field,
            "unknown",
            _("Unknown: %(names)s. These are known: %(known)s.")
            % {"names": ", ".join(unknown), "known": ", ".join(known)},
        )
    return tuple(name for name in known if name in given)


def _clean_users(errors: Errors, field: str, given: Any) -> tuple[uuid.UUID, ...]:
    if not isinstance(given, (list, tuple)):
        errors.add(field, "not_a_list", _("This must be a list."))
        return ()
    if len(given) > MAX_USERS:
        errors.add(field, "too_many", _("A rung names at most %(n)d people.") % {"n": MAX_USERS})
        return ()
    users: dict[uuid.UUID, None] = {}
    for name in given:
        try:
            users[name if isinstance(name, uuid.UUID) else uuid.UUID(str(name))] = None
        except ValueError:
            errors.add(field, "unknown_member", _("People are named by their public id."))
    return tuple(users)
