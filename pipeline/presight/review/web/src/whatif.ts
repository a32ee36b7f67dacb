// Weighs the facts that are left on anew, as score/classify.py does: class by class, a group counts
// for no more than its strongest fact.
import type { Assessment, Label, Shares, Weight } from "./api";

export function weighed(assessment: Assessment, off: Set<string>): Shares {
  const { prior, weights } = assessment.classification;
  const labels = Object.keys(prior) as Label[];
  const groups = Object.values(Object.groupBy(weights, (weight) => weight.group)) as Weight[][];
  const odds = labels.map(
    (label) => prior[label] * Math.exp(sum(groups.map((group) => ofGroup(group, label, off)))),
  );
  const total = sum(odds);
  return Object.fromEntries(labels.map((label, i) => [label, odds[i]! / total])) as Shares;
}

function ofGroup(group: Weight[], label: Label, off: Set<string>): number {
  const parts = group.map((weight) => said(weight, label, off));
  const strongest = Math.max(...parts.map(Math.abs));
  return Math.min(strongest, Math.max(-strongest, sum(parts)));
}

function said(weight: Weight, label: Label, off: Set<string>): number {
  const place = sum(weight.read_from.map((name, bit) => (off.has(name) ? 1 << bit : 0)));
  const grade = weight.grades[place] ?? null;
  return grade === null ? 0 : grade * weight.present[label] + (1 - grade) * weight.absent[label];
}

function sum(numbers: number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
