"""Audiences, the canonical form of an event and its hash: pure functions."""

import datetime as dt
import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

GENESIS = "0" * 64
SYSTEM_KEY = "system"
# What stands before such a digest.
PERSONAL = "personal:"
# What the security log hears of a register: who may do what there, what counts, what goes outside.
_SECURITY = frozenset({
    "change_request", "criteria", "endpoint", "handover", "import", "invitation", "ladder",
    "member", "own_appetite", "party", "program", "register", "taxonomy", "term",
})  # fmt: skip


@dataclass(frozen=True)
class Audience:
    """Who may read a chain: everybody in the register (``party`` is None) or one party of it."""

    register: uuid.UUID
    party: uuid.UUID | None = None

    @property
    def key(self) -> str:
        """The name of the chain of exactly this audience."""
        return f"{self.register}:{self.party or 'shared'}"

    @property
    def readable_chain_keys(self) -> list[str]:
        """The chains a member of this audience reads: the shared one and their own."""
        shared = Audience(self.register).key
        return [shared] if self.party is None else [shared, self.key]


def concerns_security(verb: str) -> bool:
    """Whether the security log hears of ``verb``, of the chains of registers."""
    return verb.partition(".")[0] in _SECURITY


def personal_digest(salt: str, value: str) -> str:
    """What an event holds in place of what it says of a person; see ``PersonalValue``."""
    return hmac.new(bytes.fromhex(salt), value.encode(), hashlib.sha256).hexdigest()


def canonical_json(value: Any) -> str:
    """``value`` as JSON text with one possible spelling: sorted keys, no spaces, text for dates."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def event_hash(fields: Mapping[str, Any], previous: str) -> str:
    """SHA-256 over the previous hash and every field of the event, as 64 hexadecimal digits."""
    text = canonical_json({**fields, "previous": previous})
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def hashed_fields(event: Any, chain_key: str) -> dict[str, Any]:
    """The fields of ``event`` that its hash covers, times as UTC text to the microsecond."""
    fields = {
        "chain": chain_key,
        "seq": event.seq,
        "at": event.at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
        "recorded_at": event.recorded_at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
        "brought_in": bool(event.brought_in),
        "actor": str(event.actor) if event.actor else None,
        "request_id": event.request_id,
        "verb": event.verb,
        "subject_type": event.subject_type,
        "subject_uuid": str(event.subject_uuid),
        "subject_ref": event.subject_ref,
        "changes": event.changes,
    }
    # Events from before there was a version are hashed as they were written.
    if event.subject_version is not None:
        fields["subject_version"] = event.subject_version
    return fields
