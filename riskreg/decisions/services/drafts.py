"""Asking a question: the draft of a decision, and who is asked to decide it."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from riskreg.accounts.models import User
from riskreg.decisions.fields import DECISION
from riskreg.decisions.models import Decider, Decision, DecisionState, Option
from riskreg.decisions.policy import decisions as policy
from riskreg.decisions.policy.decisions import Act, Block
from riskreg.decisions.queries.decisions import (
    bare_decision_for,
    decision_for,
    reason_blocked_and_who_can_text,
    visible_decisions,
)
from riskreg.events.services import append
from riskreg.kernel.errors import Errors, Invalid
from riskreg.register.access import Viewer
from riskreg.register.changes import (
    all_values_as_changes,
    save_changed_links,
    set_changed_in_memory,
)
from riskreg.register.cleaning import clean_given, clean_list
from riskreg.register.models import Party
from riskreg.register.permissions import require
from riskreg.register.queries import active_members_for, find_answerable_member
from riskreg.register.services import take_next_ref
from riskreg.register.visibility import Visibility
from riskreg.risks.models import Risk
from riskreg.risks.queries.access import is_valid_ref, require_version, risks_called

_BESIDES = ("risks", "deciders")


@transaction.atomic
def create_decision(
    *,
    actor: Viewer,
    fields: Mapping[str, Any],
    visibility: str = Visibility.SHARED,
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> Decision:
    """A draft, with doing nothing as its first option.

    ``fields``: the settable fields of ``DECISION``, and ``deciders``: members. One that touches a
    private risk is private whatever ``visibility`` says: a mix takes the narrower audience. Raises
    ``Invalid`` naming each wrong field, ``Forbidden``.
    """
    require(actor, "decision.ask")
    party = actor.party
    if party is None:
        raise Invalid.one("party", "needs_party", _("Only members who act for a party ask this."))
    errors = Errors()
    if visibility not in Visibility.values:
        errors.add("visibility", "unknown", _("This must be one of: shared, party."))
    given = {"title": "", "due_on": None, **fields}
    risks = _find_risks(errors, actor, given) if "risks" in given else []
    if any(risk.visibility == Visibility.PARTY for risk in risks):
        visibility = Visibility.PARTY
    clean = _clean_draft_fields(errors, actor, given, party, visibility, None, actor.today(at))
    people = _find_deciders(errors, actor, given, party, visibility, actor.user)
    errors.raise_if_any()
    own = party if visibility == Visibility.PARTY else None
    row = Decision.objects.create(
        register=actor.register,
        party=party,
        visibility=visibility,
        ref=take_next_ref(actor.register, "decision", own),
        state=DecisionState.DRAFT,
        requested_by=actor.user,
        created_at=recorded_at or at,
        updated_at=recorded_at or at,
        **clean,
    )
    row.risks.set(risks)
    create_deciders(row, people, recorded_at or at)
    nothing = Option.objects.create(
        decision=row, key=policy.KEYS[0], is_nothing=True, created_at=recorded_at or at,
        **_fields_of_doing_nothing(),
    )  # fmt: skip
    changes = all_values_as_changes(DECISION, row, {"risks": risks})
    changes["options"] = [None, [option_for_log(nothing)]]
    if people:
        changes["deciders"] = [None, deciders_for_log(people)]
    append(actor.entry("decision.drafted", row, at=at, recorded_at=recorded_at, changes=changes))
    return row


@transaction.atomic
def edit_decision(
    *,
    actor: Viewer,
    ref: str,
    version: int | None,
    fields: Mapping[str, Any],
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> Decision:
    """Change what ``fields`` name of a draft. Versions of a text in other languages go with it when
    it changes, unless they are given anew. Raises as ``create_decision``, and ``Conflict``."""
    row = draft_for_update(actor, ref, version, at)
    errors = Errors()
    links: dict[str, list[Any]] = {}
    if "risks" in fields:
        links["risks"] = _find_risks(errors, actor, fields)
        if row.visibility == Visibility.SHARED and any(
            risk.visibility == Visibility.PARTY for risk in links["risks"]
        ):
            text = _("This decision is shared; ask about a risk that is your party's own apart.")
            errors.add("risks", "narrower", text)
    clean = _clean_draft_fields(
        errors, actor, fields, row.party, row.visibility, row, actor.today(at)
    )
    people = _find_deciders(errors, actor, fields, row.party, row.visibility, row.requested_by)
    errors.raise_if_any()
    if row.translations and "translations" not in fields:
        moved = {n for n in DECISION.translated if n in clean and clean[n] != getattr(row, n)}
        clean["translations"] = _translations_left_or_none(row.translations, moved)
    changes: dict[str, Any] = set_changed_in_memory(DECISION, row, clean) | save_changed_links(
        row, links
    )
    if "deciders" in fields:
        asked: list[Decider] = row.asked  # type: ignore[attr-defined]
        before = deciders_for_log([(one.user, one.party) for one in asked])
        if before != deciders_for_log(people):
            Decider.objects.filter(decision=row).delete()
            create_deciders(row, people, at)
            changes["deciders"] = [before, deciders_for_log(people)]
    if changes:
        save_next_version(row, clean, recorded_at or at)
        entry = actor.entry("decision.edited", row, at=at, recorded_at=recorded_at, changes=changes)
        append(entry)
    return row


def decision_for_update(actor: Viewer, ref: str, version: int | None, at: dt.datetime) -> Decision:
    """The decision for update, read as ``decision_for`` reads it. Raises ``Conflict`` where the
    caller has seen another version, ``NotFound``."""
    rows = visible_decisions(actor).select_for_update(of=("self",), no_key=True)
    rows.filter(ref=ref).first() if is_valid_ref(ref) else None
    row = decision_for(actor, ref, actor.today(at))
    require_version(row, version)
    return row


def draft_for_update(actor: Viewer, ref: str, version: int | None, at: dt.datetime) -> Decision:
    """``decision_for_update``, where the actor may change it. Raises ``Forbidden``; ``Invalid`` for
    one that is put forward: what is voted on stays as it is."""
    require(actor, "decision.edit", bare_decision_for(actor, ref))
    row = decision_for_update(actor, ref, version, at)
    if row.state != DecisionState.DRAFT:
        text = reason_blocked_and_who_can_text(actor, Act.PROPOSE, row, Block.STATE)
        if row.state == DecisionState.PROPOSED:
            text = _(
                "%(ref)s is put forward: what is decided on stays as it is. Take it back to a "
                "draft to change it."
            ) % {"ref": row.ref}
        raise Invalid.one("state", "wrong_state", text)
    return row


def save_next_version(row: Decision, columns: Iterable[str], at: dt.datetime) -> None:
    """Save what was set on ``row`` in ``columns``, as its next version."""
    row.version += 1
    row.updated_at = max(at, row.updated_at)
    row.save(update_fields=[*columns, "version", "updated_at"])


def create_deciders(row: Decision, people: Sequence[tuple[User, Party]], at: dt.datetime) -> None:
    """Note who is asked to decide."""
    Decider.objects.bulk_create(
        Decider(decision=row, user=user, party=party, created_at=at) for user, party in people
    )


def deciders_for_log(people: Sequence[tuple[User, Party]]) -> list[dict[str, str]]:
    """Who is asked to decide, as events tell it."""
    rows = [{"person": str(user.uuid), "party": party.key} for user, party in people]
    return sorted(rows, key=lambda row: (row["party"], row["person"]))


def option_for_log(row: Option) -> dict[str, Any]:
    """An option as events tell it."""
    entry: dict[str, Any] = {"key": row.key, "title": row.title}
    refs = sorted(row.mitigations.values_list("ref", flat=True))
    more = {
        "effects": row.effects,
        "costs": row.costs,
        "gate": row.gate,
        "mitigations": refs,
        "translations": row.translations,
    }
    return entry | {name: value for name, value in more.items() if value}


def _fields_of_doing_nothing() -> dict[str, Any]:
    with override("en"):
        title = _("Do nothing")
    with override("zh-hans"):
        return {"title": title, "translations": {"zh-hans": {"title": _("Do nothing")}}}


def _translations_left_or_none(
    translations: Mapping[str, Mapping[str, str]], fields: set[str]
) -> dict[str, dict[str, str]] | None:
    left = {
        language: {name: text for name, text in texts.items() if name not in fields}
        for language, texts in translations.items()
    }
    return {language: texts for language, texts in left.items() if texts} or None


def _clean_draft_fields(
    errors: Errors,
    actor: Viewer,
    given: Mapping[str, Any],
    party: Party,
    visibility: str,
    current: Decision | None,
    today: dt.date,
) -> dict[str, Any]:
    clean = clean_given(
        errors,
        actor,
        DECISION,
        given,
        party=party,
        visibility=visibility,
        current=current,
        special={
            "replaces": lambda value: _find_replaced_decision(errors, actor, value, visibility)
        },
        besides=_BESIDES,
    )
    due_on: dt.date | None = clean.get("due_on")
    if due_on and due_on < today and (current is None or due_on != current.due_on):
        errors.add("due_on", "in_the_past", _("The day has passed; name today or a day to come."))
    if "translations" in clean:
        clean["translations"] = clean["translations"] or None
    key = clean.get("recommended")
    keys = [policy.KEYS[0]]
    if current is not None:
        keys = list(current.options.values_list("key", flat=True))
    if key and key not in keys:
        text = _("There is no such option; there are: %(keys)s.")
        errors.add("recommended", "unknown", text % {"keys": ", ".join(sorted(keys))})
    return clean


def _find_replaced_decision(
    errors: Errors, actor: Viewer, value: Any, visibility: str
) -> Decision | None:
    if value in (None, ""):
        return None
    found = visible_decisions(actor).filter(ref=value).first() if is_valid_ref(value) else None
    if found is None:
        errors.add("replaces", "unknown", _("There is no such decision."))
    elif found.state not in policy.STANDS:
        text = _("%(ref)s is %(state)s; only a decision that was taken and holds is replaced.")
        shown = {"ref": found.ref, "state": found.get_state_display()}
        errors.add("replaces", "wrong_state", text % shown)
    elif found.visibility != visibility:
        text = _("A decision is replaced by one that the same people see.")
        errors.add("replaces", "narrower", text)
    return found


def _find_risks(errors: Errors, actor: Viewer, given: Mapping[str, Any]) -> list[Risk]:
    refs = [str(ref) for ref in clean_list(errors, "risks", given)]
    found = {risk.ref: risk for risk in risks_called(actor, refs)}
    unknown = sorted(set(refs) - set(found))
    if unknown:
        errors.add("risks", "unknown_risk", _("Unknown risk: %s.") % ", ".join(unknown)[:200])
    if len(set(refs)) > policy.MAX_RISKS:
        text = _("A decision touches at most %(n)d risks.") % {"n": policy.MAX_RISKS}
        errors.add("risks", "too_many", text)
    return [found[ref] for ref in dict.fromkeys(refs) if ref in found]


def _find_deciders(
    errors: Errors,
    actor: Viewer,
    given: Mapping[str, Any],
    party: Party,
    visibility: str,
    requester: User,
) -> list[tuple[User, Party]]:
    """Those named in ``given``, each with the party that they act for."""
    if "deciders" not in given:
        return []
    names = clean_list(errors, "deciders", given)
    if len(names) > policy.MAX_DECIDERS:
        text = _("At most %(n)d people are asked to decide.") % {"n": policy.MAX_DECIDERS}
        errors.add("deciders", "too_many", text)
        return []
    found = [find_answerable_member(actor, errors, "deciders", name) for name in names]
    users = list(dict.fromkeys(user for user in found if user is not None))
    rows = active_members_for(actor).filter(user__in=users)
    acting = {row.user_id: row.party for row in rows}
    people = []
    for user in users:
        acts_for = acting[user.pk]
        if user == requester:
            text = _("%(name)s asks for it, and who asks does not decide.") % {"name": user}
            errors.add("deciders", "same_person", text)
        elif acts_for is None:
            text = _("%(name)s acts for no party; name somebody who does.") % {"name": user}
            errors.add("deciders", "needs_party", text)
        elif visibility == Visibility.PARTY and acts_for != party:
            errors.add("deciders", "other_party", DECISION.other_party)
        else:
            people.append((user, acts_for))
    return people
