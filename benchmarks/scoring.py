"""How long scoring and explaining take, beside LightGBM, MLflow with SHAP, and woodelf.

Run ``python -m benchmarks.scoring`` at the top of the repository (``--rows 10000 --rounds 1`` for a quick look,
``--only one`` for a part). In one process, on the same model and rows, the contenders take turns, and medians of their
times are compared; their results are compared before any is timed. Single cases go in turns of 50, one call a case, as
they come to a service, and each is timed alone; the others' turns between them push our tables out of the processor's
caches. Idle threads of OpenMP sleep (``OMP_WAIT_POLICY``): else they spin through the turns of others, and where the
machine has something else to do, one row takes LightGBM milliseconds.

Inputs stand ready in the form that each contender takes: a dict or float64 matrix for Bamboo, a float64 matrix for
LightGBM, a pandas frame for MLflow, SHAP and woodelf. ``MLflow + SHAP, from the request`` is given what ``decide`` is
given, a dict of the request's values: it encodes the words, makes the frame of one row, and has MLflow hold it against
the signature that the model was saved with. ``decide`` makes points, tier, route, triggers and reasons; contributions,
questions and whether the file is thin are made when they are first read, as ``to_json`` does. It begins with the dict
of a request, others with numbers that stand ready: ``encoding a request`` is what that costs it. Models are loaded,
explainers built and called once before. Compiling is not in any time and printed alone. woodelf takes no categorical
splits and rounds to float32, so it is compared on a twin of the model without categories, to within 1e-5.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # read when OpenMP is loaded, so it stands before the imports

import lightgbm as lgb
import mlflow
import numpy as np
import pandas as pd
import shap
from mlflow.models import infer_signature
from woodelf import WoodelfExplainer

from benchmarks.scoring_models import SIZES, Array, Size, bundle_of, cases_of, rows_of, scorer_of, train
from scoring import Scorer, Value, write_bundle
from scoring.encode import Encoder

Contender = Callable[[int], object]

PARTS = ("one", "start", "batches", "decided")

LIGHTGBM = "LightGBM"

TOGETHER = 50
"""Single cases in a turn."""

START_OURS = "from scoring import Scorer; Scorer.load({folder!r})"
MEASURED = """
import sys, time
start, processor = time.perf_counter(), time.process_time()
{work}
took, processor = time.perf_counter() - start, time.process_time() - processor
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(took, processor, int(peak.split()[1]) / 1024)
"""


def in_turn(contenders: dict[str, Contender], rounds: int) -> dict[str, tuple[float, float]]:
    """Time contenders in turn, each on the same number; return medians of elapsed and of processor seconds."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    for turn in range(rounds):
        for name, contender in contenders.items():
            clock, processor = time.perf_counter(), time.process_time()
            contender(turn)
            times[name].append((time.perf_counter() - clock, time.process_time() - processor))
    return {name: (median(t for t, _ in found), median(p for _, p in found)) for name, found in times.items()}


def show(title: str, found: dict[str, tuple[float, float]], per: int, against: dict[str, list[str]]) -> None:
    """Print times per case, and ratios of some contenders to others."""
    print(f"\n{title}")
    for name, (elapsed, processor) in found.items():
        ratios = ", ".join(
            f"{found[other][0] / elapsed:.1f}x faster than {other} ({found[other][1] / processor:.1f}x by processor)"
            for other in against.get(name, [])
            if other in found
        )
        print(f"  {name:38} {elapsed / per * 1e6:9.1f} us  {processor / per * 1e6:9.1f} us processor  {ratios}")


def singles_in_turn(contenders: dict[str, Contender], cases: int) -> dict[str, Array]:
    """Time single cases, `TOGETHER` of them in a turn; return the elapsed seconds of every case, by contender."""
    times = {name: np.empty(cases) for name in contenders}
    for start in range(0, cases, TOGETHER):
        for name, contender in contenders.items():
            for case in range(start, min(start + TOGETHER, cases)):
                clock = time.perf_counter()
                contender(case)
                times[name][case] = time.perf_counter() - clock
    return times


def show_singles(title: str, times: dict[str, Array], against: Sequence[str]) -> None:
    """Print half and nearly all of the times of single cases, and how much longer others take at the median."""
    print(f"\n{title}")
    for name, found in times.items():
        half, most = np.percentile(found, [50, 99]) * 1e6
        ratios = [f"{np.median(times[other]) / np.median(found):.1f}x faster than {other}" for other in against]
        ours = name not in against
        print(f"  {name:36} p50 {half:8.1f} us  p99 {most:8.1f} us  {'; '.join(ratios) if ours else ''}".rstrip())


def one_case(size: Size, booster: lgb.Booster, folder: Path, rounds: int) -> None:
    plain, called = scorer_of(size, booster), scorer_of(size, booster, call_value=True)
    fast = scorer_of(size, booster, accelerate=True)
    matrix = rows_of(size, rounds, 11)
    cases = cases_of(plain.spec, matrix)
    others = others_of(plain, booster, matrix, cases, folder)
    encoder = Encoder(plain.spec.features)
    for turn in range(min(20, rounds)):
        margin, contributions = plain.explain_row(matrix[turn])
        np.testing.assert_array_equal(plain.decide(cases[turn]).margin, margin)
        np.testing.assert_array_equal(fast.explain_row(matrix[turn])[1], contributions)
        for name, contender in others.items():
            score, theirs = contender(turn)
            expected = margin if name == LIGHTGBM else 1 / (1 + np.exp(-margin))
            np.testing.assert_allclose(score, [expected], rtol=1e-15 if name == LIGHTGBM else 1e-12)
            np.testing.assert_allclose(contributions, theirs[0][: size.features], rtol=0, atol=1e-9)
    ours: dict[str, Contender] = {
        "margin + contributions": lambda case: plain.explain_row(matrix[case]),
        "encoding a request": lambda case: encoder.quick(cases[case]),
        "decide": lambda case: plain.decide(cases[case], case_id="case"),
        "decide, with the value of a call": lambda case: called.decide(cases[case], case_id="case"),
        "margin + contributions, accelerated": lambda case: fast.explain_row(matrix[case]),
        "decide, accelerated": lambda case: fast.decide(cases[case], case_id="case"),
        "decide and to_json": lambda case: plain.decide(cases[case], case_id="case").to_json(),
    }
    show_singles(f"One case, {size}", singles_in_turn({**ours, **others}, rounds), list(others))


def others_of(
    plain: Scorer, booster: lgb.Booster, matrix: Array, cases: list[dict[str, Value]], folder: Path
) -> dict[str, Callable[[int], tuple[Array, Array]]]:
    """Return what else scores and explains a case by its number: score, and contributions with one row."""
    names = booster.feature_name()
    frame = pd.DataFrame(matrix, columns=names)
    mlflow.lightgbm.save_model(booster, str(folder / "bare"))
    signature = infer_signature(frame.head(), booster.predict(frame.head()))
    mlflow.lightgbm.save_model(booster, str(folder / "signed"), signature=signature)
    bare, signed = (mlflow.pyfunc.load_model(str(folder / each)) for each in ("bare", "signed"))
    explainer = shap.TreeExplainer(booster)
    codes = {
        each.name: {word: float(code) for code, word in enumerate(each.vocabulary)} for each in plain.spec.features
    }

    def lightgbm(case: int) -> tuple[Array, Array]:
        row = matrix[case : case + 1]
        margin = booster.predict(row, raw_score=True, num_threads=1)
        return margin, booster.predict(row, pred_contrib=True, num_threads=1)

    def with_frame(case: int) -> tuple[Array, Array]:
        row = frame.iloc[case : case + 1]
        return bare.predict(row), explainer.shap_values(row)

    def from_request(case: int) -> tuple[Array, Array]:
        request = cases[case]
        values = [known.get(request[name]) if known else request[name] for name, known in codes.items()]
        row = pd.DataFrame([values], columns=names, dtype=np.float64)
        return signed.predict(row), explainer.shap_values(row)

    return {
        LIGHTGBM: lightgbm,
        "MLflow + SHAP, frame ready": with_frame,
        "MLflow + SHAP, from the request": from_request,
    }


def compiled_after(size: Size, booster: lgb.Booster) -> tuple[Scorer, float]:
    """Return an accelerated scorer, and how long it took to make beyond a plain one."""
    start = time.perf_counter()
    scorer_of(size, booster)
    plain = time.perf_counter() - start
    fast = scorer_of(size, booster, accelerate=True)
    return fast, time.perf_counter() - start - 2 * plain


def batches(size: Size, booster: lgb.Booster, twin: lgb.Booster, rows: int, rounds: int) -> None:
    plain, (fast, compiling) = scorer_of(size, booster), compiled_after(size, booster)
    print(f"\nimporting numba and compiling: {compiling:.1f} s")
    matrix = rows_of(size, rows, 12)
    some = matrix[:500]
    expected = booster.predict(some, pred_contrib=True)[:, :-1]
    np.testing.assert_allclose(plain.contributions(some), expected, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(plain.contributions(some), fast.contributions(some, threads=2))
    for threads in (1, 2):
        contenders: dict[str, Contender] = {
            "numpy alone": lambda _, n=threads: plain.contributions(matrix, threads=n),
            "accelerated": lambda _, n=threads: fast.contributions(matrix, threads=n),
            "pred_contrib": lambda _, n=threads: booster.predict(matrix, pred_contrib=True, num_threads=n),
        }
        title = f"Contributions of {rows:,} cases, {threads} thread(s), {size}"
        show(title, in_turn(contenders, rounds), rows, {name: ["pred_contrib"] for name in list(contenders)[:2]})
    beside_woodelf(size, twin, rows, rounds)


def beside_woodelf(size: Size, twin: lgb.Booster, rows: int, rounds: int) -> None:
    plain, fast = scorer_of(size, twin), scorer_of(size, twin, accelerate=True)
    matrix = rows_of(size, rows, 13, categories=0)
    frame = pd.DataFrame(matrix, columns=twin.feature_name())
    explainer = WoodelfExplainer(twin)
    theirs = explainer.shap_values(frame.head(500), verbose=False)
    np.testing.assert_allclose(plain.contributions(matrix[:500]), theirs, rtol=0, atol=1e-5)
    contenders: dict[str, Contender] = {
        "numpy alone": lambda _: plain.contributions(matrix),
        "accelerated": lambda _: fast.contributions(matrix),
        "woodelf": lambda _: explainer.shap_values(frame, verbose=False),
    }
    title = f"Contributions of {rows:,} cases, 1 thread, without categories, {size}"
    show(title, in_turn(contenders, rounds), rows, {name: ["woodelf"] for name in list(contenders)[:2]})


def decided(size: Size, booster: lgb.Booster, rows: int) -> None:
    plain = scorer_of(size, booster)
    cases = cases_of(plain.spec, rows_of(size, rows, 14))
    columns = {name: [case[name] for case in cases] for name in cases[0]}
    found = in_turn({"decide_many": lambda _: plain.decide_many(columns)}, 3)
    show(f"Decisions on {rows:,} cases from columns of Python values, {size}", found, rows, {})


def start(size: Size, booster: lgb.Booster, folder: Path) -> None:
    """Measure import and load in processes of their own, in turn."""
    write_bundle(folder / "bundle", bundle_of(size, booster, call_value=True))
    booster.save_model(str(folder / "model.txt"))
    mlflow.lightgbm.save_model(booster, str(folder / "mlflow"))
    ours = START_OURS.format(folder=str(folder / "bundle"))
    theirs = (
        "import lightgbm, mlflow.pyfunc, shap; "
        f"mlflow.pyfunc.load_model({str(folder / 'mlflow')!r}); "
        f"shap.TreeExplainer(lightgbm.Booster(model_file={str(folder / 'model.txt')!r}))"
    )
    found: dict[str, list[tuple[float, ...]]] = {"Bamboo": [], "lightgbm + mlflow + shap": []}
    for _ in range(5):
        for name, work in zip(found, (ours, theirs), strict=True):
            command = [sys.executable, "-c", MEASURED.format(work=work)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own words
            found[name].append(tuple(map(float, done.stdout.split()[-3:])))
    print(f"\nImport and load, {size}")
    for name, some in found.items():
        took, processor, peak = (median(each) for each in zip(*some, strict=True))
        print(f"  {name:38} {took:6.2f} s, {processor:6.2f} s processor, {peak:5.0f} MB resident at most")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="cases of a batch")
    parser.add_argument("--rounds", type=int, default=3, help="turns of a batch")
    parser.add_argument("--cases", type=int, default=1000, help="cases timed one by one")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=PARTS, help="parts to run; all without it")
    given = parser.parse_args()
    warnings.filterwarnings("ignore", "LightGBM binary classifier with TreeExplainer", UserWarning)
    for size in SIZES:
        booster = train(size)
        with tempfile.TemporaryDirectory() as folder:
            if "one" in given.only:
                one_case(size, booster, Path(folder), given.cases)
            if "start" in given.only:
                start(size, booster, Path(folder))
        if "batches" in given.only:
            batches(size, booster, train(size, categories=0), given.rows, given.rounds)
        if "decided" in given.only:
            decided(size, booster, given.rows // 10)


if __name__ == "__main__":
    main()
