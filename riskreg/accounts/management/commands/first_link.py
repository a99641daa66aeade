"""``manage.py first_link``: the way to the first account of an empty system."""

from typing import Any

from django.core.management.base import BaseCommand

from riskreg.accounts.services.first import first_account_link_or_empty
from riskreg.kernel import clock


class Command(BaseCommand):
    help = (
        "Print the address of the page that makes the first account, good for an hour; nothing "
        "where there is an account."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if link := first_account_link_or_empty(clock.now()):
            self.stdout.write(
                "Nobody has an account yet. This link makes the first one; it is good for an hour:"
                f"\n{link}"
            )
