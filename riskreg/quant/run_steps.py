"""A run of a register in steps that any workers may take in any order.

    losses, index      simulated years before and after the planned mitigations
    paths, index       calendar years before and after, with the objectives
    tails              VaR and TVaR of all years: the point from which contributions are counted
    contributions, index    what each exposure adds to the mean of the worst years
    drivers            tornado and value of information
    choice             the best mitigations, told from the run's years (`run_choice`)

`run_figures.merge` makes figures of all their results. Each step is a function of the inputs, its
index and the number of chunks (contributions of the tails too); results are arrays and numbers that
`pack` writes to bytes, equal ones to equal bytes.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from riskreg.quant import checks, metrics
from riskreg.quant.checks import Array
from riskreg.quant.compare import compare_chunk
from riskreg.quant.errors import MismatchedRuns
from riskreg.quant.expected import ExpectedChunk, difference_chunk, expected_chunk
from riskreg.quant.paths import PathChunk, simulate_path_chunks
from riskreg.quant.portfolio import Portfolio
from riskreg.quant.run_inputs import RunInputs
from riskreg.quant.sampling import BLOCK, Sampler, blocks_of_chunk
from riskreg.quant.simulate import simulate_chunks
from riskreg.quant.sums import BlockSums
from riskreg.quant.together import state_groups_for_each_exposure

STAGES = ("before", "after")


@dataclass(frozen=True, eq=False)
class LossPart:
    """Years of one chunk: `losses` by stage, partial sums of expected losses and of the change."""

    inputs: str
    index: int
    chunks: int
    losses: dict[str, Array]
    expected: dict[str, ExpectedChunk]
    difference: BlockSums
    change: BlockSums


def loss_step(inputs: RunInputs, index: int, chunks: int) -> LossPart:
    """Simulate one chunk of the years, before and after."""
    run = (inputs.years, inputs.seed, index, chunks)
    portfolios = portfolios_by_stage(inputs)
    simulated = simulate_chunks(list(portfolios.values()), *run)
    parts = dict(zip(portfolios, simulated, strict=True))
    expected = {stage: expected_chunk(p, *run) for stage, p in portfolios.items()}
    difference: BlockSums = {}
    change: BlockSums = {}
    if "after" in portfolios:
        difference = difference_chunk(portfolios["before"], portfolios["after"], *run)
        change = compare_chunk(parts["before"], parts["after"])
    losses = {stage: part.losses for stage, part in parts.items()}
    return LossPart(inputs.digest, index, chunks, losses, expected, difference, change)


def portfolios_by_stage(inputs: RunInputs) -> dict[str, Portfolio]:
    """The portfolio before and, where something is planned, after."""
    found = {"before": inputs.portfolio(after=False)}
    if inputs.planned:
        found["after"] = inputs.portfolio(after=True)
    return found


@dataclass(frozen=True, eq=False)
class PathPart:
    """Paths of one chunk by stage."""

    inputs: str
    index: int
    chunks: int
    paths: dict[str, PathChunk]


def path_step(inputs: RunInputs, index: int, chunks: int) -> PathPart:
    """Simulate one chunk of the paths, before and after."""
    wanted = STAGES if inputs.planned else STAGES[:1]
    plans = [inputs.plan(after=stage == "after") for stage in wanted]
    found = simulate_path_chunks(plans, index, chunks)
    return PathPart(inputs.digest, index, chunks, dict(zip(wanted, found, strict=True)))


def check_and_order_chunks(
    inputs: RunInputs, parts: Iterable[LossPart] | Iterable[PathPart]
) -> list[int]:
    """Refuse chunks of other inputs, missing or repeated; else their positions in order."""
    known = [(part.inputs, part.index, part.chunks) for part in parts]
    if any(run != inputs.digest for run, _, _ in known):
        raise MismatchedRuns("parts", inputs.digest, "are of other inputs", "run them again")
    if not known or sorted(k for _, k, _ in known) != list(range(known[0][2])):
        raise MismatchedRuns(
            "parts", [k for _, k, _ in known], "are not every chunk once", "give every chunk once"
        )
    return sorted(range(len(known)), key=lambda k: known[k][1])


def sorted_losses(inputs: RunInputs, parts: Sequence[LossPart], stage: str) -> Array:
    """The losses of all years in rising order: one array that is sorted where it stands."""
    order = check_and_order_chunks(inputs, parts)
    losses = np.empty(inputs.years)
    at = 0
    for k in order:
        part = parts[k].losses[stage]
        losses[at : at + part.size] = part
        at += part.size
    losses.sort()
    return losses


def tail_step(inputs: RunInputs, parts: Sequence[LossPart]) -> dict[str, metrics.TailWeights]:
    """Where the tail of each stage begins."""
    return {
        stage: metrics.tail_weights(sorted_losses(inputs, parts, stage), inputs.level)
        for stage in parts[0].losses
    }


def contribution_step(
    inputs: RunInputs,
    losses: Mapping[str, Array],
    tails: Mapping[str, metrics.TailWeights],
    index: int,
    chunks: int,
) -> dict[str, BlockSums]:
    """What each exposure adds to the TVaR in one chunk, by stage; `losses` are those of the chunk.

    Under its own name Σ weight × loss; under its name and " square" the same of the square, for the
    standard error of the mean over the worst years.
    """
    states = portfolios_by_stage(inputs)
    samplers = [Sampler(state, inputs.seed) for state in states.values()]
    shared = state_groups_for_each_exposure(list(states.values()))
    names = states["before"].names
    sums: dict[str, dict[str, list[float]]] = {
        stage: {f"{name}{end}": [] for name in names for end in ("", " square")} for stage in states
    }
    blocks = blocks_of_chunk(inputs.years, index, chunks)
    for block in blocks:
        size = min(BLOCK, inputs.years - block * BLOCK)
        start = (block - blocks.start) * BLOCK
        weights = [
            tails[stage].weights_for(losses[stage][start : start + size]) for stage in states
        ]
        values = [sampler.driver_values(block, size) for sampler in samplers]
        for k, groups in enumerate(shared):
            for group in groups:
                row = np.zeros(size)
                sampler = samplers[group[0]]
                exposure = sampler.portfolio.exposures[k]
                sampler.add(exposure, block, size, values[group[0]], row)
                square = np.square(row)
                for state in group:
                    found = sums[list(states)[state]]
                    found[exposure.name].append(checks.dot(weights[state], row))
                    found[f"{exposure.name} square"].append(checks.dot(weights[state], square))
    return {stage: {name: tuple(x) for name, x in found.items()} for stage, found in sums.items()}


def pack(part: LossPart | PathPart) -> bytes:
    """A part as bytes, the same for the same part: arrays and their names, no code."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    plain: dict[str, object] = {"inputs": part.inputs, "index": part.index, "chunks": part.chunks}
    if isinstance(part, LossPart):
        arrays = {f"losses {stage}": x for stage, x in part.losses.items()}
        plain["expected"] = {
            s: {"years": e.years, "sums": e.sums} for s, e in part.expected.items()
        }
        for stage, chunk in part.expected.items():
            if chunk.first is not None:
                arrays[f"first {stage}"] = chunk.first
        plain["difference"], plain["change"] = part.difference, part.change
    else:
        for stage, path in part.paths.items():
            arrays[f"losses {stage}"] = path.losses
            for name, result in path.objectives.items():
                arrays[f"levels {stage} {name}"] = result.levels
                arrays[f"met {stage} {name}"] = result.met
                arrays[f"baseline {stage} {name}"] = result.met_baseline
                for other, met in result.met_without.items():
                    arrays[f"without {stage} {name} {other}"] = met
    buffer = io.BytesIO()
    text = json.dumps(plain, sort_keys=True).encode()
    arrays["plain"] = np.frombuffer(text, dtype=np.uint8)
    ordered_arrays = {name: np.ascontiguousarray(arrays[name]) for name in sorted(arrays)}
    np.savez(buffer, allow_pickle=False, **ordered_arrays)
    return buffer.getvalue()


def unpack(inputs: RunInputs, data: bytes) -> LossPart | PathPart:
    """The part that `pack` wrote; refused when it belongs to other inputs."""
    with np.load(io.BytesIO(data), allow_pickle=False) as found:
        arrays = {name: found[name] for name in found.files}
    plain = json.loads(arrays.pop("plain").tobytes())
    if plain["inputs"] != inputs.digest:
        raise MismatchedRuns("data", plain["inputs"], "is of other inputs", "run it again")
    key = (plain["inputs"], plain["index"], plain["chunks"])
    losses = {s: arrays[f"losses {s}"] for s in STAGES if f"losses {s}" in arrays}
    if "expected" in plain:
        expected = {
            s: ExpectedChunk(e["years"], _sums_from_json(e["sums"]), arrays.get(f"first {s}"))
            for s, e in plain["expected"].items()
        }
        return LossPart(
            *key,
            losses,
            expected,
            _sums_from_json(plain["difference"]),
            _sums_from_json(plain["change"]),
        )
    return PathPart(*key, {s: _path(inputs, s, plain, arrays) for s in losses})


def _sums_from_json(data: dict[str, list[float]]) -> BlockSums:
    return {name: tuple(values) for name, values in data.items()}


def _path(
    inputs: RunInputs, stage: str, plain: dict[str, int], arrays: dict[str, Array]
) -> PathChunk:
    from riskreg.quant.objectives import ObjectiveResult

    plan = inputs.plan(after=stage == "after")
    objectives = {}
    for model in plan.objectives:
        start = f"without {stage} {model.name} "
        without = {n.removeprefix(start): x for n, x in arrays.items() if n.startswith(start)}
        objectives[model.name] = ObjectiveResult(
            model,
            plan.years,
            arrays[f"levels {stage} {model.name}"],
            arrays[f"met {stage} {model.name}"].astype(bool),
            {n: x.astype(bool) for n, x in without.items()},
            arrays[f"baseline {stage} {model.name}"].astype(bool),
        )
    return PathChunk(
        plan, plain["index"], plain["chunks"], arrays[f"losses {stage}"], {}, objectives
    )
