"""The tables of fields of the nouns that live in this room (docs/adding.md)."""

from riskreg.risks.fields.controls import CONTROL
from riskreg.risks.fields.mitigations import MITIGATION
from riskreg.risks.fields.relations import RELATION
from riskreg.risks.fields.risks import RISK

__all__ = ["CONTROL", "MITIGATION", "RELATION", "RISK"]
