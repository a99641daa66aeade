"""What does the work of each kind of step, and what it is handed.

A room above names its functions by their dotted path when it is ready, as in
``WORK["analysis.simulate"] = "riskreg.analysis.steps.simulate_chunk_of_side"``: only the worker
that does a step loads what it needs.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from riskreg.jobs.models import Step


@dataclass(frozen=True)
class Outcome:
    """What a step came to: JSON, bytes for the steps after it, and what else is to be written.

    ``save`` runs in the transaction that makes the step done, so both are there or neither.
    """

    result: dict[str, Any] = field(default_factory=dict)
    blob: bytes | None = None
    save: Callable[[], None] | None = None


# Work takes its step, and a function to call now and then, which raises once the work is unwanted.
Work = Callable[[Step, Callable[[], None]], Outcome]
WORK: dict[str, str] = {}


def step_function_of_kind(kind: str) -> Work:
    """The function that does steps of ``kind``. Raises ``KeyError`` for a kind nobody has named."""
    module, _dot, name = WORK[kind].rpartition(".")
    work: Work = getattr(import_module(module), name)
    return work
