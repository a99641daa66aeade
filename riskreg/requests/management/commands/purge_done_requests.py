"""``manage.py purge_done_requests``."""

from typing import Any

from django.core.management.base import BaseCommand

from riskreg.kernel import clock
from riskreg.requests.services import purge_expired


class Command(BaseCommand):
    help = (
        "Forget the answers of requests done under a key more than 48 hours ago, and what was "
        "typed and not saved more than an hour ago."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        answers, drafts = purge_expired(clock.now())
        self.stdout.write(f"{answers} answers and {drafts} drafts forgotten")
