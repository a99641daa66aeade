from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "riskreg.operations"
    label = "operations"

    def ready(self) -> None:
        from riskreg.kernel import health
        from riskreg.operations.metrics import gauges
        from riskreg.operations.queries.engine import broken_promises, engine_state

        health.GAUGES.append(gauges)
        health.DEEP.append(lambda at: broken_promises(engine_state(at)))
