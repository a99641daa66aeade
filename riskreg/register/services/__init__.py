"""Every change to a register's frame and to who is away in it."""

from riskreg.register.services.absences import end_absence, start_absence
from riskreg.register.services.archiving import archive_register, restore_register
from riskreg.register.services.change_answers import (
    approve_change,
    expire_and_reassign_requests,
    refuse_change,
    withdraw_change,
)
from riskreg.register.services.change_requests import (
    Proposal,
    ask_others_or_note_agreed,
    would_wait_for_others,
)
from riskreg.register.services.founding import (
    add_classification,
    found_register,
    note_step_finished,
)
from riskreg.register.services.frame import (
    add_criteria,
    add_party,
    create_register,
    lock_refs,
    mark_criteria_used,
    take_next_ref,
    take_next_refs,
)
from riskreg.register.services.invitations import (
    accept_invitation,
    accept_with_new_account,
    invite,
    invite_many,
    resend_invitation,
    revoke_invitation,
)
from riskreg.register.services.members import add_member, end_membership
from riskreg.register.services.objectives import add_objective, edit_objective
from riskreg.register.services.own_appetites import (
    change_own_appetite,
    end_own_appetite,
    set_own_appetite,
)
from riskreg.register.services.parties import add_party_or_ask_others, edit_party, remove_party
from riskreg.register.services.party_requests import bring_in_party
from riskreg.register.services.people import change_role, remove_member
from riskreg.register.services.programs import (
    add_program_token,
    create_program,
    end_program_token,
)
from riskreg.register.services.settings import set_axes, set_programme, set_time_zone
from riskreg.register.services.terms import (
    add_taxonomy,
    add_term,
    edit_term,
    rename_taxonomy,
    require_no_appetite,
    retire_as_merged_into,
)

__all__ = [
    "Proposal",
    "accept_invitation",
    "accept_with_new_account",
    "add_classification",
    "add_criteria",
    "add_member",
    "add_objective",
    "add_party",
    "add_party_or_ask_others",
    "add_program_token",
    "add_taxonomy",
    "add_term",
    "approve_change",
    "archive_register",
    "ask_others_or_note_agreed",
    "bring_in_party",
    "change_own_appetite",
    "change_role",
    "create_program",
    "create_register",
    "edit_objective",
    "edit_party",
    "edit_term",
    "end_absence",
    "end_membership",
    "end_own_appetite",
    "end_program_token",
    "expire_and_reassign_requests",
    "found_register",
    "invite",
    "invite_many",
    "lock_refs",
    "mark_criteria_used",
    "note_step_finished",
    "refuse_change",
    "remove_member",
    "remove_party",
    "rename_taxonomy",
    "require_no_appetite",
    "resend_invitation",
    "restore_register",
    "retire_as_merged_into",
    "revoke_invitation",
    "set_axes",
    "set_own_appetite",
    "set_programme",
    "set_time_zone",
    "start_absence",
    "take_next_ref",
    "take_next_refs",
    "withdraw_change",
    "would_wait_for_others",
]
