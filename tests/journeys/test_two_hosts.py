"""Two hosts behind one proxy, on one database and one broker: a small run of the faults of
production, and a count that cannot be deceived.
"""

import pytest

from bench import faults_operations
from bench.faults import FAULTS
from bench.gauges import Sample
from bench.writers import counted

pytestmark = pytest.mark.once


@pytest.mark.process
@pytest.mark.proxy
@pytest.mark.servers
@pytest.mark.slow
@pytest.mark.unmeasured
def test_two_hosts_share_the_work_and_a_lost_pooler_loses_nothing() -> None:
    """Two workers and two beats: each reminder and each mail once, and what was answered kept."""
    values: list[str] = []
    chosen = [fault for fault in FAULTS if fault.name in ("web killed", "pooler killed")]
    report = faults_operations.run(chosen, values.append)
    told = "\n".join(values)
    assert [one.broken for one in report.outcomes] == [[], []], told
    assert report.broken == [], told
    assert report.counts["acts answered with 2xx"]
    assert report.counts["duties told"] == report.counts["duties that fell due"] == 60
    assert report.counts["of them a second time, after a kill"] == 0


def test_what_was_answered_and_is_not_there_is_lost_and_what_is_there_twice_is_found() -> None:
    rows = [("Act a", "R-1"), ("Act b", "R-2"), ("Act b", "R-3"), ("Act c", "R-5")]
    lost, doubled = counted({"a": "R-1", "b": "R-2", "c": "R-4", "d": "R-6"}, rows)
    assert lost == ["c", "d"]
    assert doubled == ["Act b"]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(fault.name))
def test_no_gauge_tells_of_a_fault_while_all_is_well(fault: faults_operations.Fault) -> None:
    checks = dict.fromkeys(("database", "space", "migrations", "broker", "engine", "mail"), "ok")
    figures = {
        "riskreg_engine_dead": 0.0,
        "riskreg_broker_memory_age_seconds": 60.0,
        'riskreg_delivery_waiting_seconds{channel="mail"}': 1.0,
    }
    well = Sample(0.0, True, figures, checks)
    assert well.is_well()
    assert not fault.seen({"a": well, "b": well})
