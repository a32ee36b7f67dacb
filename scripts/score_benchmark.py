"""How well the score tells PRES, toxic leukoencephalopathy and other diseases apart.

    python scripts/score_benchmark.py ../shared/cases/cases_dev.csv --out OUT

Published cases are severe and instructive, so the figures say how patterns are told apart, not
what is found in a clinic. The score has no fitted part. Whatever is fitted here for comparison is
cross-validated by publication: cases of one publication are never in both parts.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from presight.config import load_config
from presight.score import Label, read_table, score_table
from presight.score.classify import classify
from presight.score.evidence import features, prior
from presight.score.facts import Facts
from presight.score.rows import read_row
from presight.study.clinical_files import RawRow

CLASSES = ("pres", "toxic_leukoencephalopathy", "other")
FOLDS = 10
SPREADS = (0.1, 0.3, 0.5)
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Cases:
    """Published cases with the diagnosis of their authors."""

    rows: list[dict[str, str]]
    truth: NDArray[np.int64]
    clear: NDArray[np.bool_]
    publication: NDArray[np.str_]

    def only(self, chosen: NDArray[np.bool_]) -> Cases:
        """Return the chosen cases."""
        return Cases(
            [row for row, keep in zip(self.rows, chosen, strict=True) if keep],
            self.truth[chosen],
            self.clear[chosen],
            self.publication[chosen],
        )


def main() -> None:
    arguments = _arguments()
    cases = load(arguments.cases)
    clear = cases.only(cases.clear)
    ours, everyone = score(clear), score(cases)
    lines = ["# Score on published cases", "", *_head(cases), "", *_table_head()]
    lines.append(summary("score, unambiguous", ours, clear))
    lines.append(summary("score, with ambiguous", everyone, cases))
    lines += [summary(name, method(clear), clear) for name, method in COMPARED.items()]
    lines += ["", "## Verdicts", "", *verdicts(clear)]
    lines += ["", "## One fact group left out (unambiguous)", "", *_table_head()]
    lines += [summary(f"without {group}", score(clear, [group]), clear) for group in _groups()]
    lines += ["", "## Reliability of the leading class", "", *reliability(ours, clear)]
    lines += ["", "## Risk and coverage", "", *risk_coverage(ours, clear)]
    lines += ["", "## Every weight times a random factor (unambiguous)", "", *_shaken(clear)]
    text = "\n".join(lines) + "\n"
    print(text)
    if arguments.out:
        arguments.out.mkdir(parents=True, exist_ok=True)
        (arguments.out / "score_benchmark.md").write_text(text, encoding="utf-8")
        draw(ours, clear, arguments.out / "score_benchmark.png")


def load(path: Path) -> Cases:
    """Cases of a table, with their labels taken apart from what is scored."""
    rows = [{key: str(value or "") for key, value in row.items()} for row in read_table(path)]
    return Cases(
        rows,
        np.array([CLASSES.index(row["final_diagnosis"].partition(":")[0]) for row in rows]),
        np.array([row["label_certainty"].startswith("clear") for row in rows]),
        np.array([row["doi_or_pmid_or_url"] for row in rows]),
    )


def score(cases: Cases, without: Sequence[str] = ()) -> Array:
    """Probabilities of the three diagnoses, shape (cases, 3); ``no_finding`` is left out."""
    scored = score_table(cases.rows, without=without)
    found = np.array([[float(row[f"p_{name}"]) for name in CLASSES] for row in scored])
    return np.asarray(found / found.sum(axis=1, keepdims=True))


# --- what it is compared with -------------------------------------------------------------------


def posterior_rule(cases: Cases) -> Array:
    """Posterior lesion = PRES, any other lesion = toxic, none named = other."""

    def guess(row: dict[str, str]) -> int:
        regions = set(row["flair_regions"].split(";"))
        if regions & {"parietal", "occipital"}:
            return 0
        return 1 if regions - {""} else 2

    return np.eye(3)[[guess(row) for row in cases.rows]] * 0.98 + 0.02 / 3


def missingness_regression(cases: Cases) -> Array:
    """Logistic regression on raw cells, each with an indicator of being known."""
    columns = [*_observed_columns(cases.rows)]
    known = np.array([[float(bool(row[name])) for name in columns] for row in cases.rows])
    value = np.array([[_number(row[name]) for name in columns] for row in cases.rows])
    spread = np.where(value.std(axis=0) > 0, value.std(axis=0), 1)
    regions = sorted({name for row in cases.rows for name in row["flair_regions"].split(";")})
    named = np.array(
        [[r in row["flair_regions"].split(";") for r in regions] for row in cases.rows]
    )
    return _cross_validated(np.hstack([known, value / spread, named]), cases)


def refitted(cases: Cases) -> Array:
    """Fit weights for the facts of the score to these cases instead of sourced ones."""
    table = [Facts(*read_row(RawRow("cases", "", row))) for row in cases.rows]
    grades = [[facts[name] for name in features()] for facts in table]
    present = np.array([[g or 0.0 for g in row] for row in grades])
    absent = np.array([[0.0 if g is None else 1 - g for g in row] for row in grades])
    return _cross_validated(np.hstack([present, absent]), cases)


COMPARED: dict[str, Callable[[Cases], Array]] = {
    "posterior lesion = PRES": posterior_rule,
    "regression with missingness": missingness_regression,
    "same facts, refitted": refitted,
}


def _cross_validated(inputs: Array, cases: Cases) -> Array:
    out = np.zeros((len(cases.rows), len(CLASSES)))
    folds = GroupKFold(FOLDS, shuffle=True, random_state=0)
    for train, test in folds.split(inputs, cases.truth, cases.publication):
        model = LogisticRegression(C=0.3, max_iter=2000, class_weight="balanced")
        out[test] = model.fit(inputs[train], cases.truth[train]).predict_proba(inputs[test])
    return out


def _observed_columns(rows: list[dict[str, str]]) -> list[str]:
    table = load_config("evidence/table.yaml")
    dropped = {*table["ignored"], *table["id"], table["regions"]}
    return [name for name in rows[0] if name not in dropped]


def _number(cell: str) -> float:
    words = {"partial": 0.5, "low": -1.0, "normal": 0.0, "high": 1.0, "present": 1.0, "none": 0.0}
    try:
        return float(cell)
    except ValueError:
        return words.get(cell, float(bool(cell)))


# --- how far it rests on exact weights ------------------------------------------------------------


def shaken(cases: Cases, spread: float, draws: int = 200) -> Array:
    """Accuracy where every weight is multiplied by a random factor, shape (draws,).

    Factors are normal around 1 with standard deviation ``spread``, one for each feature and state.
    """
    present, absent = _raw_weights(cases)
    generator = np.random.default_rng(0)
    size = (draws, 2, len(features()), 1)
    factors = generator.normal(1, spread, size)
    leading = [_summed(present * p + absent * a).argmax(axis=1) for p, a in factors]
    return np.array([(each == cases.truth).mean() for each in leading])


def _raw_weights(cases: Cases) -> tuple[Array, Array]:
    """Nats of each feature for being there and for not being there, (cases, features, 3)."""
    present, absent = np.zeros((2, len(cases.rows), len(features()), len(CLASSES)))
    place = {name: number for number, name in enumerate(features())}
    for number, row in enumerate(cases.rows):
        facts = Facts(*read_row(RawRow("cases", "", row)))
        for weight in classify(facts, prior()).weights:
            grade, at = weight.grades[0], (number, place[weight.feature])
            if grade is not None:
                present[at] = [grade * weight.present[Label(name)] for name in CLASSES]
                absent[at] = [(1 - grade) * weight.absent[Label(name)] for name in CLASSES]
    return present, absent


def _summed(evidence: Array) -> Array:
    """Log odds with every group limited to its strongest fact; the prior is the same for all."""
    group_of = np.array([feature.group for feature in features().values()])
    total = np.zeros((len(evidence), len(CLASSES)))
    for group in set(group_of):
        facts = evidence[:, group_of == group]
        limit = np.abs(facts).max(axis=1)
        total += np.clip(facts.sum(axis=1), -limit, limit)
    return total.round(6)  # so that a tie stays a tie


# --- figures ------------------------------------------------------------------------------------


def summary(name: str, probabilities: Array, cases: Cases) -> str:
    """One line of the table of results."""
    right = probabilities.argmax(axis=1) == cases.truth
    low, high = _wilson(int(right.sum()), len(right))
    recall = "/".join(f"{right[cases.truth == k].mean():.2f}" for k in range(len(CLASSES)))
    surest = np.argsort(-probabilities.max(axis=1), kind="stable")[: len(right) // 2]
    return (
        f"| {name} | {len(right)} | {right.mean():.3f} ({low:.2f}-{high:.2f}) | {recall} "
        f"| {auc(probabilities, cases):.3f} | {brier(probabilities, cases):.3f} "
        f"| {right[surest].mean():.3f} |"
    )


def auc(probabilities: Array, cases: Cases) -> float:
    """Area under the curve for PRES against toxic leukoencephalopathy."""
    odds = np.log(probabilities[:, 0]) - np.log(probabilities[:, 1])
    pres, toxic = odds[cases.truth == 0], odds[cases.truth == 1]
    wins = (pres[:, None] > toxic).mean() + 0.5 * (pres[:, None] == toxic).mean()
    return float(wins)


def brier(probabilities: Array, cases: Cases) -> float:
    """Multi-class Brier score: 0 is perfect, 0.667 is an even guess among three."""
    return float(((probabilities - np.eye(3)[cases.truth]) ** 2).sum(axis=1).mean())


def verdicts(cases: Cases) -> list[str]:
    """Count what is said and how often it is right, with indeterminate as a verdict of its own."""
    labels = np.array([row["label"] for row in score_table(cases.rows)])
    named = np.array(CLASSES)[cases.truth]
    said = labels != "indeterminate"
    right = (labels == named)[said]
    lines = [f"A class is named in {said.sum()} of {len(said)}, right in {right.sum()}.", ""]
    lines += ["| diagnosis | " + " | ".join((*CLASSES, "no_finding", "indeterminate")) + " |"]
    lines += ["|---" * 6 + "|"]
    for name in CLASSES:
        row = [
            str(int(((named == name) & (labels == label)).sum()))
            for label in (*CLASSES, "no_finding", "indeterminate")
        ]
        lines.append(f"| {name} | {' | '.join(row)} |")
    return lines


def reliability(probabilities: Array, cases: Cases) -> list[str]:
    """Said and observed share of right answers, by how sure the score was."""
    lines = ["| said | cases | mean said | observed |", "|---|---|---|---|"]
    for low, high, said, observed, number in reliability_bins(probabilities, cases):
        lines.append(f"| {low:.1f}-{high:.1f} | {number} | {said:.2f} | {observed:.2f} |")
    return lines


def reliability_bins(
    probabilities: Array, cases: Cases
) -> list[tuple[float, float, float, float, int]]:
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == cases.truth
    bins = []
    for low, high in ((0.3, 0.5), (0.5, 0.6), (0.6, 0.7), (0.7, 0.8), (0.8, 0.9), (0.9, 1.0)):
        chosen = (sure >= low) & (sure < high if high < 1 else sure <= high)
        if chosen.any():
            bins.append(
                (
                    low,
                    high,
                    float(sure[chosen].mean()),
                    float(right[chosen].mean()),
                    int(chosen.sum()),
                )
            )
    return bins


def risk_coverage(probabilities: Array, cases: Cases) -> list[str]:
    """Share right among the cases of which the score is surest."""
    lines = ["| surest share | cases | right |", "|---|---|---|"]
    right = _right_by_sureness(probabilities, cases)
    for share in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0):
        number = int(len(right) * share)
        lines.append(f"| {share:.0%} | {number} | {right[:number].mean():.3f} |")
    return lines


def _shaken(cases: Cases) -> list[str]:
    lines = ["| standard deviation | accuracy, middle | lowest | highest |", "|---|---|---|---|"]
    for spread in SPREADS:
        found = shaken(cases, spread)
        lines.append(
            f"| {spread:.0%} | {np.median(found):.3f} | {found.min():.3f} | {found.max():.3f} |"
        )
    return lines


def draw(probabilities: Array, cases: Cases, path: Path) -> None:
    """Reliability plot and risk-coverage curve."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(9, 4), layout="constrained")
    left, rightmost = figure.subplots(1, 2)
    bins = reliability_bins(probabilities, cases)
    left.plot([0.3, 1], [0.3, 1], color="0.6", linewidth=1)
    left.scatter([b[2] for b in bins], [b[3] for b in bins], s=[8 * b[4] for b in bins])
    left.set(xlabel="probability said", ylabel="share right", title="Reliability", ylim=(0, 1.05))
    right = _right_by_sureness(probabilities, cases)
    count = np.arange(1, len(right) + 1)
    rightmost.plot(count / len(right), right.cumsum() / count)
    rightmost.set(
        xlabel="coverage", ylabel="share right", title="Risk and coverage", ylim=(0, 1.05)
    )
    figure.savefig(path, dpi=150)


def _right_by_sureness(probabilities: Array, cases: Cases) -> NDArray[np.bool_]:
    right = probabilities.argmax(axis=1) == cases.truth
    return np.asarray(right[np.argsort(-probabilities.max(axis=1), kind="stable")])


def _wilson(hits: int, total: int) -> tuple[float, float]:
    z, p = 1.96, hits / total
    middle, half = p + z**2 / (2 * total), z * np.sqrt(p * (1 - p) / total + z**2 / (4 * total**2))
    scale = 1 + z**2 / total
    return float((middle - half) / scale), float((middle + half) / scale)


def _groups() -> list[str]:
    return sorted({feature.group for feature in features().values() if feature.counts})


def _head(cases: Cases) -> list[str]:
    return [
        f"{len(cases.rows)} cases from {len(set(cases.publication))} publications, "
        f"{int(cases.clear.sum())} with an unambiguous diagnosis. Regressions are cross-validated "
        f"by publication in {FOLDS} folds; the score is not fitted. Accuracy over the three "
        "diagnoses, leading class, with a 95 % Wilson interval."
    ]


def _table_head() -> list[str]:
    columns = "| | n | accuracy | recall pres/toxic/other | AUC pres-toxic | Brier | surest half |"
    return [columns, "|---" * 7 + "|"]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=_Raw)
    parser.add_argument("cases", type=Path, help="table of published cases with final_diagnosis")
    parser.add_argument("--out", type=Path, help="folder for the report and the figure")
    return parser.parse_args()


_Raw = argparse.RawDescriptionHelpFormatter

if __name__ == "__main__":
    main()
