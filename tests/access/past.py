"""What happens in both worlds and has a private past in one: indicators, people, sharing."""

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from uuid import UUID

from riskreg.analysis.services import record_estimate, release_estimate
from riskreg.register.services import add_member, end_membership
from riskreg.risks import services
from riskreg.risks.models import Risk
from tests import builders
from tests.access import parts
from tests.access.canaries import private_risk, sing
from tests.analysis import making as estimating
from tests.builders import World
from tests.decisions import making as accepting
from tests.indicators import making

DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
# One who went from foton to catl, and one who left, both still owners of foton's private risks.
FORMER = ("moved_away", "gone_away")
Hidden = Callable[[], AbstractContextManager[None]]
# Two risks that are shared: one before everything is compared, one to plant a leak.
_SHARED = {"Shared at last": UUID(int=71), "Shared next": UUID(int=72)}


def watch(world: World, hidden: Hidden, private: bool) -> None:
    """Indicators that everybody sees, and foton's own with breaches, also over shared risks."""
    first = Risk.objects.get(ref="R-001")
    common = making.indicator(world, first, names={"en": "A shared price"})
    making.indicator(
        world, first, by=world.partner_owner, names={"en": "Another price"}, external_id="catl-7"
    )
    making.read(world, common, "100000", "200000", at=world.at - 3 * DAY)
    if private:
        with hidden():
            own = Risk.objects.get(ref="F-002")
            for row in (first, own):
                quiet = making.indicator(
                    world, row, names={"en": sing("indicator")}, unit="zzyzx", visibility="party",
                    at=world.at - 6 * DAY,
                )  # fmt: skip
                making.read(world, quiet, "91000", "777777", at=world.at - 2 * DAY)


def change_sides(world: World, hidden: Hidden, private: bool) -> None:
    """People who came from catl with work in private since, and ``FORMER``, who went from foton."""
    parts.change_sides(world, "moved_worker", "moved_reader")
    act = {"register": world.register, "at": world.at, "by": world.founder}
    for name in FORMER:
        email = f"{name.replace('_', '-')}@{world.register.slug}.example"
        world.members[name] = person = builders.user(
            email, world.at, time_zone=builders.ZONE, name=name
        )
        add_member(user=person, role="owner", party=world.foton, **act)
    if private:
        with hidden():
            own = Risk.objects.get(ref="F-002")
            builders.mitigation(
                world, own, title=sing("work"), owner=world.moved_worker.email,
                due_on=world.today + DAY,
            )  # fmt: skip
            making.indicator(
                world, own, names={"en": sing("of who was catl's")}, visibility="party",
                owner=world.moved_reader.email, at=world.at - 6 * DAY,
            )  # fmt: skip
            for name in FORMER:
                private_risk(
                    world, "left behind", owner=world.members[name].email, by=world.manager,
                    at=world.at - 120 * DAY,
                )  # fmt: skip
    for name in FORMER:
        end_membership(user=world.members[name], **act)
    add_member(user=world.members[FORMER[0]], role="owner", party=world.catl, **act)


def share(world: World, hidden: Hidden, private: bool) -> None:
    """A risk is shared that in one world was judged, changed and reviewed in private for months,
    and in the other was made that day. The one of ``share_next`` is made ready."""
    moment = world.at - 10 * DAY
    for title, uuid in _SHARED.items():
        with hidden():
            row = _with_a_past(world, title, moment) if private else _made_now(world, title, moment)
            Risk.objects.filter(pk=row.pk).update(uuid=uuid)
    # Its id is drawn with what is shared: it will be. When it was given never is.
    given_at = moment - 50 * DAY if private else moment
    ref = Risk.objects.get(title="Shared at last").ref
    owner = world.viewer("owner")
    given = record_estimate(actor=owner, ref=ref, given=estimating.GIVEN, at=given_at)
    row = _share(world, "Shared at last", moment + HOUR)
    release_estimate(actor=owner, estimate=given.uuid, at=moment + 4 * HOUR)
    builders.assess(world, row, (3, 4), rationale="For everybody", at=moment + 2 * HOUR)
    builders.review(world, row, comment="For everybody", at=moment + 3 * HOUR)


def share_next(world: World) -> Risk:
    """Share the other one."""
    return _share(world, "Shared next", world.at)


def _share(world: World, title: str, at: dt.datetime) -> Risk:
    ref = Risk.objects.get(title=title).ref
    return services.share_risk(actor=world.viewer("manager"), ref=ref, version=None, at=at)


def _made_now(world: World, title: str, at: dt.datetime) -> Risk:
    return builders.risk(
        world, visibility="party", title=title, cause="For everybody", rated=(4, 4), at=at
    )


def _with_a_past(world: World, title: str, at: dt.datetime) -> Risk:
    row = builders.risk(
        world, visibility="party", title=sing("before"), cause=sing("before"), rated=(2, 2),
        external_id=f"zzyzx-{title}", at=at - 60 * DAY,
    )  # fmt: skip
    builders.assess(world, row, (4, 4), rationale=sing("rationale"), at=at - 59 * DAY)
    builders.review(world, row, comment=sing("comment"), at=at - 58 * DAY)
    accepting.accepted(world, row, reason=sing("acceptance"), at=at - 58 * DAY)
    builders.control(world, row, name=sing("control"), at=at - 57 * DAY)
    builders.mitigation(world, row, title=sing("work"), at=at - 50 * DAY)
    quiet = making.indicator(
        world, row, names={"en": sing("indicator")}, visibility="party", at=at - 50 * DAY
    )
    making.read(world, quiet, "91000", "777777", at=at - 40 * DAY)
    for fields in ({"cause": sing("another")}, {"cause": "For everybody", "title": title}):
        services.edit_risk(
            actor=world.viewer("owner"), ref=row.ref, version=None, at=at - 20 * DAY, fields=fields
        )
    # The next review date goes over, as it must (I1): a review that day makes it the same.
    builders.review(world, row, comment=sing("the last"), at=at)
    return row
