"""Words that programs rely on: codes of errors, verbs of events. A test finds missing ones."""

CODES = (
    "needs_source", "nothing_changed", "one_at_a_time",
    "not_alone", "unchanged", "not_a_reference", "last_administrator", "no_translation",
    "after_as_of", "after_due", "already_member", "away_too", "bad_character", "bad_cursor",
    "bad_head", "bad_key", "bad_score", "bad_text", "bad_url", "before_start", "beyond_red",
    "bidi_override", "cadence_out_of_range", "cannot_narrow", "cannot_own", "changed", "closed",
    "conflict", "contradiction", "count", "disabled", "empty", "encoded", "ended",
    "extended_already", "forbidden", "has_readings", "in_the_future", "in_the_past",
    "mail_needed", "malformed", "more", "names", "narrower", "no_address", "no_band",
    "no_secret", "no_zone", "none_at_zero", "not_a_boolean", "not_a_cell", "not_a_date",
    "not_a_level", "not_a_list", "not_a_number", "not_a_rung", "not_a_time", "not_an_object",
    "not_csv", "not_earlier", "not_finite", "not_monotone", "not_open", "not_text", "not_used",
    "nothing", "nothing_to_correct", "null", "one_line", "other_party", "other_unit",
    "other_value", "out_of_order", "out_of_range", "overlap", "private_objective", "repeated",
    "required", "retired", "reused", "rung", "same_as_owner", "same_person", "taken",
    "too_early", "too_far", "too_large", "too_late", "too_long", "too_many", "too_many_cells",
    "too_precise", "twice", "unknown", "unknown_field", "unknown_filter", "unknown_language",
    "unknown_level", "unknown_member", "unknown_objective", "unknown_parameter",
    "unknown_rating", "unknown_risk", "unknown_role", "unknown_term", "wildcard", "wrong_size",
    "wrong_state", "wrong_unit",
)  # fmt: skip
# Of events in the chains of a register; accounts have chains of their own.
VERBS = (
    "absence.changed", "member.ended",
    "absence.ended", "absence.recorded", "control.added", "control.ended", "criteria.added",
    "criteria.adopted", "delivery.failed", "delivery.resent", "endpoint.added",
    "endpoint.disabled", "endpoint.enabled", "endpoint.removed", "endpoint.renamed",
    "endpoint.secret_rotated", "endpoint.tried", "handover.made", "indicator.created",
    "indicator.edited", "indicator.read", "ladder.changed", "meeting.attended",
    "meeting.chaired", "meeting.ended", "meeting.recorded", "meeting.started", "member.added",
    "mitigation.created", "mitigation.edited", "mitigation.progress_reported",
    "mitigation.transferred", "objective.added", "party.added", "register.created",
    "register.zone_changed", "reminder.sent", "reminder.skipped", "reminder.unaddressed",
    "risk.assessed", "risk.breached", "risk.closed", "risk.created", "risk.edited",
    "risk.extended", "risk.opened", "risk.reopened", "risk.restated", "risk.reviewed",
    "risk.shared", "risk.transferred", "taxonomy.added",
)  # fmt: skip
