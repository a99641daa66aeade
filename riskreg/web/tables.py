"""The tables of fields of every noun that pages show, for what speaks of any of them."""

from riskreg.analysis.fields import BELIEF, DRIVER, EFFECT, ESTIMATE, LINK, MODEL
from riskreg.decisions.fields import ACCEPTANCE, DECISION
from riskreg.evidence.fields import EVIDENCE
from riskreg.exchange.schedule_fields import PACK_SCHEDULE
from riskreg.indicators.fields import INDICATOR
from riskreg.kernel.fields import Field, Type
from riskreg.register.fields import OBJECTIVE
from riskreg.register.own_appetite_fields import OWN_APPETITE
from riskreg.risks.fields import CONTROL, MITIGATION, RELATION, RISK

TABLES = (
    RISK, MITIGATION, INDICATOR, CONTROL, RELATION, OBJECTIVE, ESTIMATE, EFFECT, DRIVER, BELIEF,
    LINK, ACCEPTANCE, DECISION, EVIDENCE, MODEL, OWN_APPETITE,
    PACK_SCHEDULE,
)  # fmt: skip
# Fields that name somebody.
PEOPLE = frozenset(name for table in TABLES for name in table.names_of_type(Type.PERSON))


def find_field_of_noun_or_any(name: str, noun: str = "") -> Field | None:
    """The field called ``name`` of ``noun``; where that has none, of the first noun that has."""
    for table in sorted(TABLES, key=lambda table: table.noun != noun):
        if name in table:
            return table[name]
    return None
