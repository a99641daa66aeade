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
from riskreg.quant.compare import Comparison, combine_comparisons, compare, compare_chunk
from riskreg.quant.composed import Capped, Mixture, Scaled, Truncated, ZeroInflated
from riskreg.quant.decide import (
    binomial_likelihood,
    decide,
    dominates,
    evpi,
    evsi,
    regret,
    screening_likelihood,
)
from riskreg.quant.discount import discount_factors, present_value
from riskreg.quant.discrete import Bernoulli, Constant, Discrete, Poisson
from riskreg.quant.distributions import Beta, Distribution, Lognormal, Pert, Triangular
from riskreg.quant.drivers import Driver, Link
from riskreg.quant.errors import QuantError
from riskreg.quant.exact import ExactLoss, exact
from riskreg.quant.expected import (
    Expected,
    ExpectedChunk,
    combine_expected,
    expected_chunk,
    expected_losses,
)
from riskreg.quant.growth import grow
from riskreg.quant.information import DriverInformation, InformationValue, driver_evppi, evppi
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
from riskreg.quant.mitigations import Budget, Cost, Effect, Mitigation
from riskreg.quant.objectives import (
    DriverTerm,
    Hit,
    Lift,
    Objective,
    ObjectiveModel,
    ObjectiveResult,
    PairedDifference,
    paired_chance,
)
from riskreg.quant.paths import (
    PathChunk,
    PathPlan,
    PathResult,
    combine_paths,
    path_contribution_chunk,
    simulate_path_chunk,
    simulate_paths,
)
from riskreg.quant.portfolio import Exposure, Portfolio
from riskreg.quant.sensitivity import (
    driver_tornado,
    given_data_shares,
    tornado,
    variance_shares,
)
from riskreg.quant.simulate import (
    Chunk,
    Simulation,
    combine,
    contribution_chunk,
    losses_by_exposure,
    simulate,
    simulate_chunk,
)
from riskreg.quant.sums import totals
from riskreg.quant.trees import (
    Branch,
    ChanceNode,
    ChoiceNode,
    Flip,
    Outcome,
    RolledBack,
    StudyValue,
    flips,
    of_option,
    roll_back,
    study_tree,
    study_value,
)
from riskreg.quant.wide import WideRange

__all__ = [
    "Bernoulli",
    "Beta",
    "Branch",
    "Budget",
    "Capped",
    "ChanceNode",
    "Choice",
    "ChoiceNode",
    "Chunk",
    "Comparison",
    "Constant",
    "Cost",
    "Discrete",
    "Distribution",
    "Driver",
    "DriverInformation",
    "DriverTerm",
    "Effect",
    "ExactLoss",
    "ExceedanceCurve",
    "Expected",
    "ExpectedChunk",
    "Exposure",
    "Flip",
    "Hit",
    "InformationValue",
    "Interval",
    "Lift",
    "Link",
    "Lognormal",
    "MatrixAudit",
    "Mitigation",
    "MitigationChoice",
    "Mixture",
    "Objective",
    "ObjectiveModel",
    "ObjectiveResult",
    "Outcome",
    "PairedDifference",
    "PathChunk",
    "PathPlan",
    "PathResult",
    "Pert",
    "Poisson",
    "Portfolio",
    "QuantError",
    "RolledBack",
    "Scaled",
    "Simulation",
    "StudyValue",
    "Triangular",
    "Truncated",
    "WideRange",
    "ZeroInflated",
    "audit_matrix",
    "binomial_likelihood",
    "brier",
    "choose",
    "choose_mitigations",
    "combine",
    "combine_comparisons",
    "combine_expected",
    "combine_paths",
    "compare",
    "compare_chunk",
    "contribution_chunk",
    "decide",
    "discount_factors",
    "dominates",
    "driver_evppi",
    "driver_tornado",
    "efficient_frontier",
    "euler_contributions",
    "evpi",
    "evppi",
    "evsi",
    "exact",
    "exceedance_curve",
    "expected_chunk",
    "expected_losses",
    "expert_weights",
    "flips",
    "given_data_shares",
    "grow",
    "interval_hits",
    "losses_by_exposure",
    "mitigation_frontier",
    "of_option",
    "paired_chance",
    "path_contribution_chunk",
    "present_value",
    "proportion_interval",
    "regret",
    "roll_back",
    "screening_likelihood",
    "simulate",
    "simulate_chunk",
    "simulate_path_chunk",
    "simulate_paths",
    "study_tree",
    "study_value",
    "tornado",
    "totals",
    "tvar",
    "var",
    "variance_shares",
]
