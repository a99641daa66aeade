"""The web process stays small: what brings NumPy is loaded by workers alone."""

import subprocess
import sys

import pytest


@pytest.mark.once
@pytest.mark.process
def test_the_web_process_loads_no_numpy() -> None:
    code = (
        "import config.wsgi, sys; from django.urls import get_resolver; "
        "get_resolver().url_patterns; "
        "names = ('numpy', 'scipy', 'pptx', 'riskreg.analysis.steps', "
        "'riskreg.analysis.objective_steps', "
        "'riskreg.analysis.modelled', 'riskreg.analysis.buying_steps', "
        "'riskreg.analysis.weighing_steps'); "
        "print([m for m in names if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"
