"""The mathematics of risk: exact, fast, readable, and usable alone.

See the README beside this file for a tour; every function's own text has its formula and source.
"""

from riskreg.quant.calibrate import brier, expert_weights, interval_hits
from riskreg.quant.choose import Choice, choose, efficient_frontier
from riskreg.quant.choose_mitigations import (
    MitigationChoice,
    choose_mitigations,
    mitigation_frontier,
)
from riskreg.quant.composed import Capped, Mixture, Scaled, ZeroInflated
from riskreg.quant.decide import (
    binomial_likelihood,
    decide,
    dominates,
    evpi,
    evsi,
    regret,
    screening_likelihood,
)
from riskreg.quant.discrete import Bernoulli, Constant, Discrete, Poisson
from riskreg.quant.distributions import Beta, Distribution, Lognormal, Pert, Triangular
from riskreg.quant.drivers import Driver, Link
from riskreg.quant.errors import QuantError
from riskreg.quant.exact import ExactLoss, exact
from riskreg.quant.matrix_audit import MatrixAudit, audit_matrix
from riskreg.quant.metrics import (
    ExceedanceCurve,
    Interval,
    euler_contributions,
    exceedance_curve,
    proportion_interval,
    tvar,
    var,
)
from riskreg.quant.paths import (
    Objective,
    PathResult,
    discount_factors,
    grow,
    present_value,
    simulate_paths,
)
from riskreg.quant.portfolio import Effect, Exposure, Mitigation, Portfolio
from riskreg.quant.sensitivity import (
    driver_tornado,
    given_data_shares,
    tornado,
    variance_shares,
)
from riskreg.quant.simulate import (
    Chunk,
    Comparison,
    Simulation,
    combine,
    compare,
    losses_by_exposure,
    simulate,
    simulate_chunk,
)

__all__ = [
    "Bernoulli",
    "Beta",
    "Capped",
    "Choice",
    "Chunk",
    "Comparison",
    "Constant",
    "Discrete",
    "Distribution",
    "Driver",
    "Effect",
    "ExactLoss",
    "ExceedanceCurve",
    "Exposure",
    "Interval",
    "Link",
    "Lognormal",
    "MatrixAudit",
    "Mitigation",
    "MitigationChoice",
    "Mixture",
    "Objective",
    "PathResult",
    "Pert",
    "Poisson",
    "Portfolio",
    "QuantError",
    "Scaled",
    "Simulation",
    "Triangular",
    "ZeroInflated",
    "audit_matrix",
    "binomial_likelihood",
    "brier",
    "choose",
    "choose_mitigations",
    "combine",
    "compare",
    "decide",
    "discount_factors",
    "dominates",
    "driver_tornado",
    "efficient_frontier",
    "euler_contributions",
    "evpi",
    "evsi",
    "exact",
    "exceedance_curve",
    "expert_weights",
    "given_data_shares",
    "grow",
    "interval_hits",
    "losses_by_exposure",
    "mitigation_frontier",
    "present_value",
    "proportion_interval",
    "regret",
    "screening_likelihood",
    "simulate",
    "simulate_chunk",
    "simulate_paths",
    "tornado",
    "tvar",
    "var",
    "variance_shares",
]
