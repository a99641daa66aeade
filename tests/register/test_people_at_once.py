"""Two at once, on PostgreSQL: the last manager stays, an invitation makes one member."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection

from riskreg.accounts.models import User
from riskreg.accounts.services.first import first_account_link_or_empty, make_first_account
from riskreg.handover.services import end_member
from riskreg.kernel.errors import Forbidden, Invalid
from riskreg.register import people, services
from riskreg.register.models import Invitation, Membership
from tests import builders
from tests.builders import AT

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def together(*calls: Callable[[], Any]) -> list[Any]:
    """What each call returned or raised; they start at the same moment, each on a connection."""
    start = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            start.wait(20)
            return call()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def kinds(results: list[Any]) -> list[str]:
    return sorted(type(result).__name__ for result in results)


def test_of_two_managers_who_leave_at_once_one_stays() -> None:
    world = builders.build_world()
    services.change_role(
        actor=world.viewer("manager"), user=world.deputy.uuid, role="manager", version=None, at=AT
    )
    leaving = [world.viewer("manager"), world.viewer("deputy")]
    results = together(
        *(lambda v=v: end_member(actor=v, user=v.user.uuid, version=None, at=AT) for v in leaving)
    )
    assert kinds(results) == ["Invalid", "Membership"]
    assert people.active_managers_of_party(world.register.pk, world.foton.pk).count() == 1


def test_an_address_that_two_managers_invite_at_once_is_invited_once() -> None:
    world = builders.build_world()
    services.change_role(
        actor=world.viewer("manager"), user=world.deputy.uuid, role="manager", version=None, at=AT
    )
    given = {"email": "new@example.com", "role": "owner", "party": "foton", "at": AT}
    viewers = [world.viewer("manager"), world.viewer("deputy")]
    results = together(*(lambda v=v: services.invite(actor=v, **given) for v in viewers))
    assert kinds(results) == ["Invalid", "Invitation"]
    assert isinstance(next(r for r in results if not isinstance(r, Invitation)), Invalid)
    assert Invitation.objects.count() == 1


def test_a_link_that_is_used_twice_at_once_makes_one_account() -> None:
    world = builders.build_world()
    row = services.invite(
        actor=world.viewer("manager"), email="new@example.com", role="owner", party="foton", at=AT
    )
    token = people.invitation_token(row)
    results = together(
        *(
            lambda: services.accept_with_new_account(
                token=token, name="New", password="four words are enough", at=AT
            )
            for _n in range(2)
        )
    )
    assert kinds(results) == ["Forbidden", "tuple"]
    assert Membership.objects.filter(user__email="new@example.com").count() == 1


def test_of_two_first_accounts_at_once_one_is_made() -> None:
    token = urlsplit(first_account_link_or_empty(AT)).path.strip("/").partition("/")[2]
    results = together(
        *(
            lambda email=email: make_first_account(
                token=token, email=email, name="First", password="four words are enough", at=AT
            )
            for email in ("a@example.com", "b@example.com")
        )
    )
    assert kinds(results) == ["Forbidden", "User"]
    assert any(isinstance(result, Forbidden) for result in results)
    assert User.objects.count() == 1


def test_a_slug_that_two_choose_at_once_names_one_register() -> None:
    makers = [builders.user(f"maker{n}@example.com") for n in (1, 2)]
    results = together(
        *(
            lambda maker=maker: services.found_register(
                by=maker, by_operator=True, slug="wanted", names="Wanted", currency="CNY",
                time_zone="Asia/Shanghai", parties=[{"key": "a", "names": "A"}], acts_for="a",
                at=AT,
            )
            for maker in makers
        )
    )  # fmt: skip
    assert kinds(results) == ["Invalid", "Viewer"]
    refused = next(result for result in results if isinstance(result, Invalid))
    assert refused.fields["slug"][0].code == "taken"
