"""The options of a decision, and what each party says for and against them."""

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.decisions.models import Argument, Decision, DecisionState, Option, Stance
from riskreg.decisions.policy import decisions as policy
from riskreg.decisions.queries.decisions import argument_for, bare_decision_for, option_of
from riskreg.decisions.services.drafts import (
    decision_for_update,
    draft_for_update,
    option_for_log,
    save_next_version,
)
from riskreg.decisions.services.gates import clean_gate, option_with_gate_about
from riskreg.events.services import append
from riskreg.kernel.errors import Errors, Forbidden, Invalid
from riskreg.kernel.text import PLAIN_NUMBER, clean_text
from riskreg.register.access import Viewer
from riskreg.register.cleaning import clean_choice, clean_list, clean_number
from riskreg.register.permissions import require
from riskreg.register.queries import parties_for
from riskreg.register.translations import clean_translations
from riskreg.register.visibility import Visibility
from riskreg.risks.models import Mitigation
from riskreg.risks.queries.access import is_valid_ref

FIELDS = ("title", "effects", "mitigations", "costs", "gate", "translations")
TRANSLATED = ("title", "effects")
YEARS = (2000, 2200)


@transaction.atomic
def add_option(
    *,
    actor: Viewer,
    ref: str,
    version: int | None,
    fields: Mapping[str, Any],
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> Decision:
    """One more answer to the question, under the next letter.

    ``fields``: {title, effects, mitigations: [ref], costs: [{amount, year, party}], gate (see
    ``services.gates``), translations}.
    Raises ``Invalid`` naming each wrong field, ``Conflict``, ``Forbidden``, ``NotFound``.
    """
    row = draft_for_update(actor, ref, version, at)
    errors = Errors()
    if row.options.count() >= policy.MAX_OPTIONS or row.letters >= len(policy.KEYS):
        text = _("At most %(n)d options are compared. Leave out what nobody would choose.")
        raise Invalid.one("title", "too_many", text % {"n": policy.MAX_OPTIONS})
    clean, works = _clean_option_fields(errors, actor, row, {"title": "", **fields})
    if "gate" in fields:
        clean["gate"] = clean_gate(errors, row, None, fields["gate"])
    errors.raise_if_any()
    before = _options_for_log(row)
    # No letter is given twice: what was said of an option that was taken out is not of another.
    key = policy.KEYS[row.letters]
    row.letters += 1
    row.save(update_fields=["letters"])
    option = Option.objects.create(decision=row, key=key, created_at=recorded_at or at, **clean)
    option.mitigations.set(works or [])
    _save_and_log_if_options_changed(actor, row, before, at, recorded_at)
    return row


@transaction.atomic
def edit_option(
    *,
    actor: Viewer,
    ref: str,
    key: str,
    version: int | None,
    fields: Mapping[str, Any],
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> Decision:
    """Change what ``fields`` name of an option; ``version`` is that of its decision. Raises as
    ``add_option``."""
    # What is not there is not there in any version.
    option_of(bare_decision_for(actor, ref), key)
    row = draft_for_update(actor, ref, version, at)
    option = option_of(row, key)
    errors = Errors()
    clean, works = _clean_option_fields(errors, actor, row, fields)
    if "gate" in fields:
        clean["gate"] = clean_gate(errors, row, option, fields["gate"])
    if option.is_nothing and (works or clean.get("costs")):
        text = _("Doing nothing has no measures and costs nothing; make another option of this.")
        errors.add("mitigations" if works else "costs", "nothing_is_nothing", text)
    errors.raise_if_any()
    before = _options_for_log(row)
    for name, value in clean.items():
        setattr(option, name, value)
    option.save()
    if works is not None:
        option.mitigations.set(works)
    _save_and_log_if_options_changed(actor, row, before, at, recorded_at)
    return row


@transaction.atomic
def remove_option(
    *, actor: Viewer, ref: str, key: str, version: int | None, at: dt.datetime
) -> Decision:
    """Take an option out of a draft; doing nothing always stays. Raises as ``add_option``."""
    # What is not there is not there in any version.
    option_of(bare_decision_for(actor, ref), key)
    row = draft_for_update(actor, ref, version, at)
    option = option_of(row, key)
    if option.is_nothing:
        text = _("Doing nothing is always an option; it cannot be taken out.")
        raise Invalid.one("key", "nothing_stays", text)
    if row.recommended == key:
        text = _("Option %(key)s is the recommended one; recommend another first.")
        raise Invalid.one("key", "in_use", text % {"key": key})
    asked_by = option_with_gate_about(row, key)
    if asked_by is not None:
        text = _("Option %(gate)s finds out about %(key)s; say there first that it does not.")
        raise Invalid.one("key", "in_use", text % {"gate": asked_by.key, "key": key})
    before = _options_for_log(row)
    option.mitigations.clear()
    option.delete()
    _save_and_log_if_options_changed(actor, row, before, at)
    return row


def _options_for_log(row: Decision) -> list[dict[str, Any]]:
    options = row.options.order_by("key").prefetch_related("mitigations")
    return [option_for_log(option) for option in options]


def _save_and_log_if_options_changed(
    actor: Viewer,
    row: Decision,
    before: list[dict[str, Any]],
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> None:
    after = _options_for_log(row)
    if after == before:
        return
    save_next_version(row, {}, recorded_at or at)
    changes = {"options": [before, after]}
    append(actor.entry("decision.edited", row, at=at, recorded_at=recorded_at, changes=changes))


def _clean_option_fields(
    errors: Errors, actor: Viewer, row: Decision, given: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Mitigation] | None]:
    for name in given:
        if name not in FIELDS:
            errors.add(str(name)[:60], "unknown_field", _("An option has no such field to set."))
    clean: dict[str, Any] = {}
    if "title" in given:
        clean["title"] = clean_text(
            errors, "title", given["title"], required=True, limit=200, one_line=True
        )
    if "effects" in given:
        clean["effects"] = clean_text(errors, "effects", given["effects"], limit=8000)
    if "translations" in given:
        found = clean_translations(errors, given["translations"], TRANSLATED)
        clean["translations"] = found or None
    if "costs" in given:
        clean["costs"] = _clean_costs(errors, actor, given["costs"])
    works = _find_usable_mitigations(errors, actor, row, given) if "mitigations" in given else None
    return clean, works


def _clean_costs(errors: Errors, actor: Viewer, value: Any) -> list[dict[str, Any]]:
    """[{amount, year, party}]: what is paid, in which year, by whom."""
    if not isinstance(value, list | tuple) or len(value) > policy.MAX_COSTS:
        text = _("Costs are a list of at most %(n)d.") % {"n": policy.MAX_COSTS}
        errors.add("costs", "too_many", text)
        return []
    parties = {party.key for party in parties_for(actor)}
    found = []
    for n, item in enumerate(value):
        where = f"costs.{n}"
        if not isinstance(item, Mapping) or set(item) - {"amount", "year", "party"}:
            text = _("A cost has an amount, a year and a party.")
            errors.add(where, "not_an_object", text)
            continue
        amount = item.get("amount")
        if isinstance(amount, str) and not PLAIN_NUMBER.fullmatch(amount):
            errors.add(f"{where}.amount", "not_a_number", _("This must be a number, as in 75.36."))
            continue
        number = clean_number(errors, f"{where}.amount", amount)
        if number is None:
            continue
        if number < 0:
            text = _("A cost is an amount of zero or more.")
            errors.add(f"{where}.amount", "out_of_range", text)
        year, whole = item.get("year"), item.get("year")
        if not isinstance(whole, int) or isinstance(whole, bool) or not (
            YEARS[0] <= whole <= YEARS[1]
        ):  # fmt: skip
            text = _("Name the year in which it is paid, from %(low)d to %(high)d.")
            shown = {"low": YEARS[0], "high": YEARS[1]}
            errors.add(f"{where}.year", "out_of_range", text % shown)
        if not isinstance(item.get("party"), str) or item["party"] not in parties:
            text = _("Name the party that pays: %(all)s.") % {"all": ", ".join(sorted(parties))}
            errors.add(f"{where}.party", "unknown", text)
        found.append({"amount": f"{number:.2f}", "year": year, "party": item.get("party")})
    return found


def _find_usable_mitigations(
    errors: Errors, actor: Viewer, row: Decision, given: Mapping[str, Any]
) -> list[Mitigation]:
    refs = [str(ref) for ref in clean_list(errors, "mitigations", given)]
    rows = Mitigation.objects.visible_to(actor).filter(ref__in=[r for r in refs if is_valid_ref(r)])
    found = {work.ref: work for work in rows}
    unknown = sorted(set(refs) - set(found))
    if unknown:
        text = _("Unknown mitigation: %s.") % ", ".join(unknown)[:200]
        errors.add("mitigations", "unknown_mitigation", text)
    narrower = sorted(w.ref for w in found.values() if w.visibility == Visibility.PARTY)
    if narrower and row.visibility == Visibility.SHARED:
        text = _("This decision is shared, and these are your party's own: %s.")
        errors.add("mitigations", "narrower", text % ", ".join(narrower)[:200])
    return list(found.values())


# Arguments -------------------------------------------------------------------------------------
@transaction.atomic
def add_argument(
    *,
    actor: Viewer,
    ref: str,
    given: Mapping[str, Any],
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> Argument:
    """Say something for or against an option, for one's party alone until it is released.

    ``given``: {option, stance: for|against, text}. Raises ``Invalid``, ``Forbidden``, ``NotFound``.
    """
    bare_decision_for(actor, ref)
    require(actor, "decision.argue")
    if actor.party is None:
        raise Forbidden(_("An argument is a party's; you act for none."))
    row = decision_for_update(actor, ref, None, at)
    if row.state not in (DecisionState.DRAFT, DecisionState.PROPOSED):
        text = _("%(ref)s is %(state)s; nothing more is weighed.")
        shown = {"ref": row.ref, "state": row.get_state_display()}
        raise Invalid.one("state", "wrong_state", text % shown)
    errors = Errors()
    for name in given:
        if name not in ("option", "stance", "text"):
            errors.add(str(name)[:60], "unknown_field", _("An argument has no such field."))
    keys = sorted(row.options.values_list("key", flat=True))
    option = clean_choice(errors, "option", given.get("option"), keys, True)
    stance = clean_choice(errors, "stance", given.get("stance"), Stance.values, True)
    text = clean_text(errors, "text", given.get("text"), required=True, limit=4000)
    errors.raise_if_any()
    argument = Argument.objects.create(
        register=row.register,
        party=actor.party,
        visibility=Visibility.PARTY,
        decision=row,
        option=option,
        stance=stance,
        text=text,
        author=actor.user,
        at=at,
        created_at=recorded_at or at,
    )
    changes = {"option": [None, option], "stance": [None, stance], "text": [None, text]}
    entry = actor.entry("argument.made", argument, at=at, recorded_at=recorded_at, changes=changes)
    append(entry)
    return argument


@transaction.atomic
def release_argument(
    *,
    actor: Viewer,
    ref: str,
    argument: UUID,
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> Argument:
    """Let everybody who sees the decision read an argument of one's party; there is no way back.

    Releasing twice is as once. For everybody else it was made when it was released. Raises
    ``Forbidden``, ``Invalid``, ``NotFound``.
    """
    row = decision_for_update(actor, ref, None, at)
    found = argument_for(actor, row, argument, lock=True)
    require(actor, "decision.release", found)
    if found.visibility == Visibility.SHARED:
        return found
    if row.visibility == Visibility.PARTY:
        text = _("This decision is your party's own: whoever sees it reads the argument already.")
        raise Invalid.one("argument", "narrower", text)
    found.visibility, found.released_at, found.at = Visibility.SHARED, at, at
    found.save(update_fields=["visibility", "released_at", "at"])
    # Whoever reads the shared chain alone has the whole argument from this event.
    changes = {
        "option": [None, found.option],
        "stance": [None, found.stance],
        "text": [None, found.text],
    }
    entry = actor.entry("argument.released", found, at=at, recorded_at=recorded_at, changes=changes)
    append(entry)
    return found
