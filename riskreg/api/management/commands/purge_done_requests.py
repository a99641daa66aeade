"""``manage.py purge_done_requests``."""

from typing import Any

from django.core.management.base import BaseCommand

from riskreg.api.idempotency import KEPT, purge
from riskreg.kernel import clock


class Command(BaseCommand):
    help = "Forget the requests that were done under an Idempotency-Key more than 48 hours ago."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{purge(clock.now() - KEPT)} forgotten")
