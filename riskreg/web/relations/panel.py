"""The relations of a risk, as its page lists and draws them."""

from typing import Any

from riskreg.register.access import Viewer
from riskreg.risks.models import Position, Risk
from riskreg.risks.queries.relations import (
    SHOWN,
    Related,
    by_role,
    first_related_to,
    open_parts_worse_than_whole,
)
from riskreg.risks.services.relations import may_end_relation
from riskreg.web.presenters import Scale
from riskreg.web.relations.words import parts_rule_text, role_label
from riskreg.web.ui.drawing import severity_step
from riskreg.web.ui.relations import Node, relation_graph


def relations_panel(viewer: Viewer, risk: Risk, now: Position, scale: Scale) -> dict[str, Any]:
    """``groups`` by what the others are to the risk, the ``graph`` of them, and how parts count."""
    found = first_related_to(viewer, risk)
    related = found[:SHOWN]
    groups = by_role(related)
    nodes = {role: [_node(one, scale) for one in ones] for role, ones in groups.items()}
    return {
        "groups": [
            {"label": role_label(role), "rows": [_row(viewer, one, scale) for one in ones]}
            for role, ones in groups.items()
        ],
        "cut": len(found) > SHOWN,
        "graph": relation_graph(_node_of(risk, now.residual_rating, scale), nodes)
        if related
        else None,
        "rule": parts_rule_text() if {"parent", "part"} & set(groups) else "",
        "worse": [part.ref for part in open_parts_worse_than_whole(now, related)],
    }


def _row(viewer: Viewer, one: Related, scale: Scale) -> dict[str, Any]:
    relation = one.relation
    return {
        "id": relation.uuid,
        "ref": one.risk.ref,
        "title": one.risk.localized("title"),
        "chip": scale.chip(one.rating, one.score, one.risk.kind),
        "state": one.risk.state,
        "state_label": one.risk.get_state_display(),
        "note": relation.localized("note"),
        "label": relation.label,
        "private": relation.visibility == "party",
        "may_end": may_end_relation(viewer, relation),
    }


def _node(one: Related, scale: Scale) -> Node:
    return _node_of(one.risk, one.rating, scale)


def _node_of(risk: Risk, rating: str | None, scale: Scale) -> Node:
    tone = scale.tone(rating)
    step = None if tone is None else severity_step(tone, scale.of)
    return Node(risk.ref, step, gain=risk.kind == "opportunity", open=risk.state == "open")
