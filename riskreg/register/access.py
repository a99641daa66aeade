"""Who asks: a user in a register, on behalf of a party."""

import datetime as dt
import functools
import uuid
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.lookups import IsNull
from django.utils.translation import gettext as _

from riskreg.accounts.models import ApiToken, User
from riskreg.accounts.policy import token_digest
from riskreg.events.policy import Audience
from riskreg.events.services import Entry
from riskreg.kernel import clock
from riskreg.kernel.compiled import Statement
from riskreg.kernel.errors import NotFound
from riskreg.kernel.text import is_storable
from riskreg.notify.models import Message, MessageAudience
from riskreg.notify.queries import unemptied_inbox_messages, unread_expression
from riskreg.register.models import Absence, Criteria, Membership, Party, Register, Role


@dataclass(frozen=True)
class Viewer:
    """The one who reads or acts; every read and every service is handed one.

    ``asked_at`` is when they turned up: whom they stand in for is a question of that moment.
    """

    user: User
    register: Register
    role: str
    party: Party | None
    request_id: str = ""
    asked_at: dt.datetime = field(default_factory=clock.now, compare=False)

    @functools.cached_property
    def own_and_stood_in_absences_today(self) -> tuple[Absence, ...]:
        """The viewer's own absence today, and those of members for whom they are to stand in.

        Read when they are first asked for, with both people. Each has the absent member's party in
        ``of_party`` (database id).
        """
        return tuple(_ABSENT(self.register.pk, self.user.pk, self.today(self.asked_at)))

    @functools.cached_property
    def stands_in_for(self) -> frozenset[int]:
        """Database ids of those who are away today and for whom the viewer stands in.

        Both must act for the same party still.
        """
        if self.party is None:
            return frozenset()
        return frozenset(
            row.user_id
            for row in self.own_and_stood_in_absences_today
            if row.stand_in_id == self.user.pk and row.of_party == self.party.pk  # type: ignore[attr-defined]
        )

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

    @functools.cached_property
    def criteria_versions_by_id(self) -> dict[int, Criteria]:
        """Every version of the register's criteria by its database id: read once for all that goes
        by more than the one in force, and not at all where that is the first."""
        now = self.criteria
        if now.number == 1:
            return {now.pk: now}
        return {row.pk: row for row in Criteria.objects.filter(register=self.register)}

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
            subject_version=getattr(subject, "version", None),
            at=at,
            recorded_at=recorded_at,
            actor=self.user.uuid,
            request_id=self.request_id,
            changes=changes or {},
        )


def _absences_today_of_or_stood_in_for(
    register: int, user: int, today: dt.date
) -> QuerySet[Absence]:
    party = Membership.objects.filter(
        register=register, user_id=OuterRef("user_id"), ended_at=None
    ).values("party_id")
    return (
        Absence.objects.filter(
            Q(user=user) | Q(stand_in=user),
            register=register,
            ended_at=None,
            starts_on__lte=today,
            until_on__gte=today,
        )
        .select_related("user", "stand_in")
        .annotate(of_party=Subquery(party))
        .filter(of_party__isnull=False)
        .order_by("starts_on", "pk")
    )


_ABSENT = Statement(_absences_today_of_or_stood_in_for, int, int, dt.date)
_MEMBER = Statement(
    lambda slug, user: Membership.objects.select_related("register__criteria", "party").filter(
        register__slug=slug, user=user, ended_at=None
    ),
    str,
    int,
)

_TOKEN_COLUMNS = [column.attname for column in ApiToken._meta.concrete_fields]
_MEMBER_BY_TOKEN = Statement(
    lambda slug, digest: (
        Membership.objects.select_related("user", "register__criteria", "party")
        .filter(register__slug=slug, user__tokens__digest=digest, ended_at=None)
        .annotate(**{f"token_{name}": F(f"user__tokens__{name}") for name in _TOKEN_COLUMNS})
    ),
    str,
    str,
)


class TokenAndMembership(NamedTuple):
    """A token, live or not, and its user's membership in the register that was asked about."""

    token: ApiToken
    membership: Membership


def find_token_and_membership(token: str, slug: str) -> TokenAndMembership | None:
    """The row of ``token`` with its user, and that user's membership in the register ``slug``: one
    query. None for a token that is not known, and for who is no member there.

    Whether the token is live, and opens that register, is the caller's to ask.
    """
    digest = token_digest(token)
    found = next(iter(_MEMBER_BY_TOKEN(slug, digest)), None) if is_storable(slug) else None
    if found is None:
        return None
    values = [getattr(found, f"token_{name}") for name in _TOKEN_COLUMNS]
    row = ApiToken.from_db(found._state.db, _TOKEN_COLUMNS, values)
    row.user = found.user
    return TokenAndMembership(row, found)


def viewer_for(user: User, slug: str, request_id: str = "") -> Viewer:
    """``user`` as a member of the register ``slug``.

    Raises ``NotFound`` for a register that is not there or not theirs: a stranger cannot tell.
    """
    membership = next(iter(_MEMBER(slug, user.pk)), None) if is_storable(slug) else None
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


def present_memberships_of(
    user: User, *, most: int | None = None, and_in_slug: str = ""
) -> list[Membership]:
    """The user's memberships, with register and party, by register, archived ones last; the first
    ``most`` of them and the one in the register ``and_in_slug``, or all.

    Each has ``unread``: how many messages wait in the user's inbox, for the bar of every page.
    """
    if most is None:
        return list(_ALL_OF(user.pk, user.uuid))
    if and_in_slug and is_storable(and_in_slug):
        return list(_first_memberships_and_one_statement(most)(user.pk, user.uuid, and_in_slug))
    return list(_first_memberships_statement(most)(user.pk, user.uuid))


_BY_REGISTER = (F("register__archived_at").asc(nulls_first=True), "register__slug")


def _present_memberships_of(user: int) -> QuerySet[Membership]:
    return Membership.objects.filter(user=user, ended_at=None)


def _with_page_fields(
    rows: QuerySet[Membership], user: int, person: uuid.UUID
) -> QuerySet[Membership]:
    """Of ``rows`` what every page shows; the user by both ids, as rows and messages name them."""
    unread = unread_expression(_inbox_of_present_member(user, person))
    rows = rows.select_related("register__criteria", "party").annotate(unread=unread)
    return rows.order_by(*_BY_REGISTER)


_ALL_OF = Statement(
    lambda user, person: _with_page_fields(_present_memberships_of(user), user, person),
    int,
    uuid.UUID,
)


@functools.cache
def _first_memberships_statement(most: int) -> Statement[Membership]:
    def build(user: int, person: uuid.UUID) -> QuerySet[Membership]:
        first = _present_memberships_of(user).order_by(*_BY_REGISTER).values("pk")[:most]
        return _with_page_fields(_present_memberships_of(user).filter(pk__in=first), user, person)

    return Statement(build, int, uuid.UUID)


@functools.cache
def _first_memberships_and_one_statement(most: int) -> Statement[Membership]:
    def build(user: int, person: uuid.UUID, slug: str) -> QuerySet[Membership]:
        first = _present_memberships_of(user).order_by(*_BY_REGISTER).values("pk")[:most]
        rows = _present_memberships_of(user).filter(Q(pk__in=first) | Q(register__slug=slug))
        return _with_page_fields(rows, user, person)

    return Statement(build, int, uuid.UUID, str)


def present_memberships_in_registers_called(user: User, words: str) -> QuerySet[Membership]:
    """The user's memberships in registers whose name, in any language, or short name has ``words``
    in it; all for none. Archived ones last."""
    rows = Membership.objects.filter(user=user, ended_at=None)
    if words:
        named = Q(register__slug__icontains=words)
        for language, _name in settings.LANGUAGES:
            named |= Q(**{f"register__names__{language}__icontains": words})
        rows = rows.filter(named) if is_storable(words) else rows.none()
    order = (F("register__archived_at").asc(nulls_first=True), "register__slug")
    return rows.select_related("register__criteria", "party").order_by(*order)


def inbox_of(user: User) -> QuerySet[Message]:
    """Messages in the inbox of ``user``, newest first: those that they may still read.

    A message is a copy of what its audiences could see. It is shown while its recipient is a member
    for every one of them, and not a moment longer (I15).
    """
    return _inbox_of_present_member(user.pk, user.uuid)


def _inbox_of_present_member(user: int, person: uuid.UUID) -> QuerySet[Message]:
    present = Membership.objects.filter(
        Q(party__uuid=OuterRef("party")) | Q(IsNull(OuterRef("party"), True), party=None),
        user=user,
        register__uuid=OuterRef("register"),
        ended_at=None,
    )
    lost = MessageAudience.objects.filter(~Exists(present), message=OuterRef("pk"))
    return unemptied_inbox_messages(person).filter(~Exists(lost))
