"""A pool of experts is searched for its quantiles once in a process, whatever asks for them."""

from riskreg import quant
from riskreg.analysis import modelled


def test_equal_pools_have_one_table() -> None:
    def pool() -> quant.Mixture:
        return quant.Mixture([quant.Pert(1, 2, 4), quant.Pert(2, 3, 9)], [0.5, 0.5])

    modelled._quantile_table.cache_clear()
    first, second = (modelled.Tabled(pool()).quantile(0.5) for _step in range(2))
    assert first == second
    assert modelled._quantile_table.cache_info().misses == 1
    other = quant.Mixture([quant.Pert(1, 2, 4), quant.Pert(2, 3, 8)], [0.5, 0.5])
    assert modelled.Tabled(other).quantile(0.5) != first
