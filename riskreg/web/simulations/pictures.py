"""Where the pictures of a run are as files."""

from collections.abc import Mapping
from typing import Any

from riskreg.analysis.models import Simulation
from riskreg.exchange.queries.simulation_pictures import RunPictures
from riskreg.exchange.writing.files import PICTURES
from riskreg.register.access import Viewer
from riskreg.web.file_links import file_links


def picture_links(
    viewer: Viewer, row: Simulation, results: Mapping[str, Any]
) -> dict[str, list[tuple[str, str]]]:
    """By name of a picture the links to its files, for the page of a run that came to
    ``results``."""
    return {
        name: file_links(
            viewer, "simulation_picture", formats=PICTURES, simulation=str(row.uuid), name=name
        )
        for name in RunPictures(viewer, row, results).picture_names
    }
