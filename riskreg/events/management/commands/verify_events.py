"""``manage.py verify_events``: is every event chain as it was written?"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from riskreg.events import queries


class Command(BaseCommand):
    help = "Check the hash chain of every audience; name the first row that is not as written."

    def handle(self, *args: Any, **options: Any) -> None:
        faults = []
        for chain in queries.all_chains():
            fault = queries.first_fault_in(chain)
            if fault:
                faults.append(fault)
                self.stderr.write(f"{fault.chain} row {fault.seq}: {fault.reason}")
            else:
                self.stdout.write(f"{chain.key}: {chain.seq} events, head {chain.head[:12]}")
        if faults:
            raise CommandError(f"{len(faults)} of the event chains cannot be believed.")
        self.stdout.write(self.style.SUCCESS("Every chain is whole."))
