"""What a study's numbers say, in sentences made from them: nothing here is true of one model alone."""

from __future__ import annotations

from collections.abc import Iterator

from tinygate.study.charts_bytes import compression, sparsest
from tinygate.study.evidence import Evidence, Rung, VariantEvidence
from tinygate.study.facts import Facts


def all_of(evidence: Evidence, target: str) -> tuple[tuple[str, str], ...]:
    """Return question and answer, for every question that the variants at hand can answer."""
    facts = Facts(evidence, target)
    return (*_ratio(facts), *_dynamic_range(facts), *_wide(facts), *_per_tensor(facts), *_pruning(facts))


def _first(facts: Facts, rung: Rung) -> VariantEvidence | None:
    return next(iter(facts.of(rung)), None)


def _lost(v: VariantEvidence) -> str:
    return str(v.loss or "nothing")


def _ratio(facts: Facts) -> Iterator[tuple[str, str]]:
    steps = compression(facts.evidence, facts.target)
    int8 = next((v for v in facts.evidence.variants if len(steps) > 1 and v.name == steps[1][0]), None)
    whole = facts.evidence.reference
    if int8 is None:
        return
    weights, theirs = (v.purposes["weights"][0] for v in (int8, whole))
    yield (
        "Why is int8 not four times smaller?",
        f"{whole.tflite_bytes:,} / {int8.tflite_bytes:,} is {whole.tflite_bytes / int8.tflite_bytes:.2f}; of the "
        f"weights alone it is {theirs / weights:.2f}. The rest does not shrink: biases keep 32 bits, scales and zero "
        f"points take {int8.purposes['quantization parameters'][0]:,} bytes, names and metadata "
        f"{int8.purposes['names'][0] + int8.purposes['metadata'][0]:,}. Both stripped, it is "
        f"{whole.stripped_bytes / int8.stripped_bytes:.2f}.",
    )


def _dynamic_range(facts: Facts) -> Iterator[tuple[str, str]]:
    hybrid, int8 = _first(facts, Rung.HYBRID), _first(facts, Rung.PTQ)
    if hybrid is None or int8 is None:
        return
    refusal = hybrid.memory[facts.target].refusal
    where = f"does not run on {facts.target} ({refusal})" if refusal else f"runs on {facts.target}"
    saved = facts.evidence.reference.tflite_bytes
    yield (
        "Dynamic range or full int8?",
        f"{hybrid.name} keeps activations in floating point: it loses {_lost(hybrid)}, saves "
        f"{1 - hybrid.tflite_bytes / saved:.0%} of the file, and {where}. {int8.name} loses {_lost(int8)}, saves "
        f"{1 - int8.tflite_bytes / saved:.0%}, and is what a microcontroller runs.",
    )


def _wide(facts: Facts) -> Iterator[tuple[str, str]]:
    wide, int8 = _first(facts, Rung.WIDE), _first(facts, Rung.PTQ)
    if wide is None or int8 is None or int8.memory[facts.target].refusal:
        return
    refusal = wide.memory[facts.target].refusal
    if refusal:
        yield "Int16 activations?", f"{wide.name} does not run on {facts.target}: {refusal}."
        return
    arenas = [v.memory[facts.target].arena_minimum_bytes for v in (wide, int8)]
    works = [v.work[facts.target].count for v in (wide, int8) if facts.target in v.work]
    slower = f", {works[0] / works[1]:.1f} × the emulated work" if len(works) == 2 else ""
    yield (
        "Int16 activations?",
        f"{wide.name} loses {_lost(wide)} and agrees with {facts.evidence.reference.name} in "
        f"{wide.agreement_percent:.2f} % of the windows, {int8.name} in {int8.agreement_percent:.2f} %. It costs "
        f"{arenas[0] / arenas[1]:.2f} × the arena{slower}: worth it only where int8 loses too much.",
    )


def _per_tensor(facts: Facts) -> Iterator[tuple[str, str]]:
    both = {v.name: v for v in facts.of(Rung.PTQ)}
    coarse, fine = both.get("ptq_int8_per_tensor"), both.get("ptq_int8")
    if coarse is None or fine is None:
        return
    saved = fine.tflite_bytes - coarse.tflite_bytes
    arenas = [v.memory[facts.target].arena_minimum_bytes for v in (fine, coarse)]
    yield (
        "Per channel or per tensor?",
        f"One scale per weight tensor saves {saved:,} bytes of the file and "
        f"{arenas[0] - arenas[1]:,} of the arena. It loses {_lost(coarse)} against {_lost(fine)}, and agrees in "
        f"{coarse.agreement_percent:.2f} % of the windows against {fine.agreement_percent:.2f} %. Per channel is "
        "the converter's default, and the safer one where channels differ in size.",
    )


def _pruning(facts: Facts) -> Iterator[tuple[str, str]]:
    plain, pruned = _first(facts, Rung.PTQ), sparsest(facts) or _first(facts, Rung.PRUNED)
    if plain is None or pruned is None:
        return
    arenas = [v.memory[facts.target].arena_minimum_bytes for v in (plain, pruned)]
    yield (
        "What does pruning save?",
        f"Bytes on the way to the device, and nothing on it: {pruned.name} has {pruned.sparsity['all']:.0%} zeros and "
        f"packs to {pruned.zstd_bytes:,} bytes instead of {plain.zstd_bytes:,}; its file takes {pruned.tflite_bytes:,} "
        f"bytes of flash instead of {plain.tflite_bytes:,}, its arena {arenas[1]:,} instead of {arenas[0]:,}, and it "
        f"multiplies {pruned.multiplications:,} times instead of {plain.multiplications:,}, zeros included. It loses "
        f"{_lost(pruned)}.",
    )
