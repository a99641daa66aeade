"""Risks: what they are, how they were judged, where they stood, what is done about them."""

from riskreg.risks.models.assessments import TIE_BREAKERS, Assessment, Position, Stage
from riskreg.risks.models.mitigations import (
    Control,
    ControlKind,
    Effectiveness,
    Mitigation,
    MitigationStatus,
)
from riskreg.risks.models.relations import RelationKind, RiskRelation
from riskreg.risks.models.risks import REFS_EACH, Kind, Response, Risk, RiskAlias, State
from riskreg.risks.models.translated import Translated

__all__ = [
    "REFS_EACH",
    "TIE_BREAKERS",
    "Assessment",
    "Control",
    "ControlKind",
    "Effectiveness",
    "Kind",
    "Mitigation",
    "MitigationStatus",
    "Position",
    "RelationKind",
    "Response",
    "Risk",
    "RiskAlias",
    "RiskRelation",
    "Stage",
    "State",
    "Translated",
]
