// How far reviewers agree with the model and with one another.
import { ask } from "./api";
import { fill, h } from "./dom";
import { did } from "./entries";
import type { Desk, Leave } from "./main";
import { percent, volume } from "./say";

interface Compared {
  studies: number;
  share: number | null;
  kappa: number | null;
}

interface Agreement {
  decisions: Record<string, number>;
  reasons: Record<string, number>;
  with_model: (Compared & { reviewer: string })[];
  between: (Compared & { reviewers: [string, string] })[];
  edits: { added_ml: number; removed_ml: number; dice: number | null }[];
}

export async function showAgreement(body: HTMLElement, { words }: Desk): Promise<Leave> {
  const found = await ask<Agreement>("agreement");
  const counts = (named: Record<string, number>, names: Record<string, string>): string[][] =>
    Object.entries(named).sort((a, b) => b[1] - a[1]).map(([code, n]) => [names[code] ?? code, String(n)]);
  const said = Object.fromEntries(Object.keys(words.decisions).map((kind) => [kind, did(words, kind)]));
  fill(
    body,
    h("section", { class: "pad dashboard" },
      h("h1", {}, "Agreement"),
      h("p", { class: "quiet" }, "By each reviewer's last word on each study: their own diagnosis, or the model's verdict where they accepted it. Kappa is Cohen's, unweighted; with few studies it says little."),
      table("With the model", ["Reviewer", "Studies", "Agree", "Kappa"], found.with_model.map((each) => [each.reviewer, ...numbers(each)])),
      table("Between reviewers", ["Reviewers", "Studies in common", "Agree", "Kappa"], found.between.map((each) => [each.reviewers.join(" · "), ...numbers(each)])),
      table("Decisions", ["Decision", "Count"], counts(found.decisions, said)),
      table("Reasons", ["Reason", "Count"], counts(found.reasons, words.reasons)),
      table("Edited outlines", ["Added mL", "Removed mL", "Dice with the model's"], found.edits.map((edit) => [volume(edit.added_ml), volume(edit.removed_ml), edit.dice?.toFixed(3) ?? "–"]))),
  );
  return () => undefined;
}

function numbers({ studies, share, kappa }: Compared): string[] {
  return [String(studies), share === null ? "–" : percent(share), kappa === null ? "–" : kappa.toFixed(2)];
}

function table(title: string, heading: string[], rows: string[][]): HTMLElement {
  return h("div", {}, h("h2", {}, title), rows.length
    ? h("table", { class: "grid" }, h("thead", {}, h("tr", {}, heading.map((text) => h("th", {}, text)))),
        h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell) => h("td", {}, cell))))))
    : h("p", { class: "quiet" }, "Nothing yet."));
}
