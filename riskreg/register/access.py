"""Who asks: a user in a register, on behalf of a party."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.events.policy import Audience
from riskreg.events.services import Entry
from riskreg.kernel import clock
from riskreg.kernel.errors import NotFound
from riskreg.register.models import Criteria, Membership, Party, Register, Role


@dataclass(frozen=True)
class Viewer:
    """The one who reads or acts; every read and every service is handed one."""

    user: User
    register: Register
    role: str
    party: Party | None
    request_id: str = ""

    @property
    def party_id(self) -> int | None:
        """Database id of the viewer's party; None for who sees only what is shared."""
        return self.party.pk if self.party else None

    @property
    def role_label(self) -> str:
        """The role in the reader's language."""
        return str(Role(self.role).label)

    @property
    def criteria(self) -> Criteria:
        """The register's criteria in force; a register has some from the moment it is made."""
        criteria = self.register.criteria
        assert criteria is not None  # noqa: S101 - create_register sets it in its transaction
        return criteria

    @property
    def audience(self) -> Audience:
        """The event chains this viewer reads."""
        return Audience(self.register.uuid, self.party.uuid if self.party else None)

    def today(self, at: dt.datetime) -> dt.date:
        """The day it is in the register."""
        return clock.local_date(at, self.register.time_zone)

    def entry(
        self,
        verb: str,
        subject: Any,
        *,
        at: dt.datetime,
        recorded_at: dt.datetime | None = None,
        changes: dict[str, Any] | None = None,
    ) -> Entry:
        """A log entry by this viewer about ``subject``, for the audience that may see it.

        ``subject`` has ``uuid`` and ``ref`` or ``key``; a party-bound one has ``visibility`` and
        ``party``, and whatever is its party's own goes to that party's chain alone.
        """
        own = getattr(subject, "visibility", "shared") == "party"
        return Entry(
            audience=Audience(self.register.uuid, subject.party.uuid if own else None),
            verb=verb,
            subject_type=subject._meta.model_name,
            subject_uuid=subject.uuid,
            subject_ref=str(
                next(
                    (n for a in ("ref", "key", "slug") if (n := getattr(subject, a, None))),
                    subject.uuid,
                )
            ),
            at=at,
            recorded_at=recorded_at,
            actor=self.user.uuid,
            request_id=self.request_id,
            changes=changes or {},
        )


def viewer_for(user: User, slug: str, request_id: str = "") -> Viewer:
    """``user`` as a member of the register ``slug``.

    Raises ``NotFound`` for a register that is not there or not theirs: a stranger cannot tell.
    """
    membership = (
        Membership.objects.select_related("register__criteria", "party")
        # PostgreSQL refuses NUL in a value; it is in no slug.
        .filter(register__slug=slug.replace("\0", "-"), user=user, ended_at=None)
        .first()
    )
    if membership is None:
        raise NotFound(_("There is no such register."))
    return as_viewer(user, membership, request_id)


def as_viewer(user: User, membership: Membership, request_id: str = "") -> Viewer:
    """The viewer of a membership already read."""
    return Viewer(
        user=user,
        register=membership.register,
        role=membership.role,
        party=membership.party,
        request_id=request_id or uuid.uuid4().hex,
    )


def memberships_of(user: User) -> list[Membership]:
    """The user's memberships, with register and party, by register."""
    return list(
        Membership.objects.select_related("register__criteria", "party")
        .filter(user=user, ended_at=None)
        .order_by("register__slug")
    )
