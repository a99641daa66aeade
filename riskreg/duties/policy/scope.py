"""Whose a duty is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DutyScope:
    """What a duty is, as far as it decides who is told."""

    owner_id: int | None
    deputy_id: int | None
    party_id: int
    private: bool
