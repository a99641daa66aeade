"""Pages about people of a register: members, invitations, programs."""
