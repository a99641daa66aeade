from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "riskreg.operations"
    label = "operations"

    def ready(self) -> None:
        from riskreg.kernel import health, replica
        from riskreg.operations.metrics import gauges
        from riskreg.operations.queries.engine import (
            problem_sentences_by_part,
            reminder_engine_state,
        )
        from riskreg.operations.services.needed import may_older_version_work

        health.MAY_WORK.append(may_older_version_work)
        health.GAUGES += [gauges, replica.gauges]
        health.DEEP.append(lambda at: problem_sentences_by_part(reminder_engine_state(at)))
        health.DEEP.append(replica.not_in_use_sentences)
