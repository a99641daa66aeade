"""Every change to a register's frame and to who is away in it."""

from riskreg.register.services.absences import come_back, go_away
from riskreg.register.services.founding import classify, finish_step, found_register
from riskreg.register.services.frame import (
    add_criteria,
    add_objective,
    add_party,
    create_register,
    mark_used,
    next_ref,
)
from riskreg.register.services.members import add_member, end_membership
from riskreg.register.services.settings import set_time_zone
from riskreg.register.services.terms import (
    add_taxonomy,
    add_term,
    edit_term,
    rename_taxonomy,
    take_out_of_use,
)

__all__ = [
    "add_criteria",
    "add_member",
    "add_objective",
    "add_party",
    "add_taxonomy",
    "add_term",
    "classify",
    "come_back",
    "create_register",
    "edit_term",
    "end_membership",
    "finish_step",
    "found_register",
    "go_away",
    "mark_used",
    "next_ref",
    "rename_taxonomy",
    "set_time_zone",
    "take_out_of_use",
]
