"""Objective models as their reader may see them."""

from django.db.models import QuerySet

from riskreg.analysis.models import ObjectiveModel
from riskreg.analysis.queries.drivers import drivers_for
from riskreg.register.access import Viewer
from riskreg.register.models import Objective
from riskreg.register.visibility import Reader, Visibility
from riskreg.risks.models import Mitigation, Risk


def models_for(viewer: Reader) -> QuerySet[ObjectiveModel]:
    """Every version of a model that the viewer may know of, newest first."""
    rows = ObjectiveModel.objects.visible_to(viewer)
    people = ("objective", "author", "party")
    return rows.select_related(*people).order_by("-at", "-id")


def models_of(viewer: Reader, objective: Objective) -> QuerySet[ObjectiveModel]:
    """The versions of one objective's model, newest first."""
    return models_for(viewer).filter(objective=objective)


def newest_model_of(viewer: Viewer, objective: Objective) -> ObjectiveModel | None:
    """The version that holds for the viewer: the newest that they may know of."""
    row = models_of(viewer, objective).first()
    if row is not None:
        row.register = row.objective.register = viewer.register
    return row


def newest_model_of_each_objective(reader: Reader) -> list[ObjectiveModel]:
    """Of each objective that the reader may know of the version that holds for them."""
    visible = Objective.objects.visible_to(reader)
    found: dict[int, ObjectiveModel] = {}
    for row in models_for(reader).filter(objective__in=visible):
        found.setdefault(row.objective_id, row)
    return [found[key] for key in sorted(found)]


def newest_model_number(objective: Objective, visibility: str, party_id: int) -> int:
    """The number of the newest version of that audience; 0 for none."""
    rows = ObjectiveModel.objects.filter(objective=objective, visibility=visibility)
    if visibility == Visibility.PARTY:
        rows = rows.filter(party_id=party_id)
    return rows.order_by("-number").values_list("number", flat=True).first() or 0


def visible_refs_by_id_in_model(viewer: Viewer, row: ObjectiveModel) -> dict[str, str]:
    """The refs of what a model names, by public id."""
    risks = Risk.objects.visible_to(viewer).filter(uuid__in=[hit["risk"] for hit in row.hits])
    found = {str(uuid): ref for uuid, ref in risks.values_list("uuid", "ref")}
    if names := [term["driver"] for term in row.elasticities]:
        rows = drivers_for(viewer).filter(uuid__in=names).values_list("uuid", "ref")
        found |= {str(uuid): ref for uuid, ref in rows}
    if names := [lift["mitigation"] for lift in row.lifts]:
        works = Mitigation.objects.visible_to(viewer).filter(uuid__in=names)
        found |= {str(uuid): ref for uuid, ref in works.values_list("uuid", "ref")}
    return found
