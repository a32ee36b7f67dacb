// The record: who, when, what, newest first, and whether it is whole.
import { ask, type Entry } from "./api";
import { button, fill, h } from "./dom";
import { details, did } from "./entries";
import type { Desk, Leave } from "./main";
import { when } from "./say";

interface Proof {
  entries: number;
  head: string;
  faults: string[];
}

export async function showRecord(body: HTMLElement, desk: Desk): Promise<Leave> {
  const [proof, entries] = await Promise.all([ask<Proof>("record/proof"), ask<Entry[]>("record")]);
  const rows = h("tbody", {}, entries.map((entry) => row(desk, entry)));
  const more = button("Older entries", () => void older());
  const older = async (): Promise<void> => {
    const last = entries.at(-1);
    const next = last ? await ask<Entry[]>(`record?before=${last.seq}`) : [];
    entries.push(...next);
    rows.append(...next.map((entry) => row(desk, entry)));
    more.hidden = next.length === 0;
  };
  fill(
    body,
    h("section", { class: "pad" },
      h("h1", {}, "Record"),
      h("p", { class: proof.faults.length ? "bad" : "good" },
        proof.faults.length ? `NOT WHOLE: ${proof.faults.join("; ")}` : `Whole: ${proof.entries} entries, each sealed by the next.`),
      h("p", { class: "hash" }, `Head ${proof.head}`),
      h("table", { class: "grid" },
        h("thead", {}, h("tr", {}, ["Entry", "When (UTC)", "Who", "What", "Study", "Content"].map((text) => h("th", {}, text)))),
        rows),
      more),
  );
  return () => undefined;
}

function row(desk: Desk, entry: Entry): HTMLElement {
  const said = details(desk, entry).filter((each) => each !== null);
  return h("tr", {},
    h("td", { class: "number" }, entry.seq),
    h("td", {}, when(entry.at)),
    h("td", {}, entry.actor),
    h("td", {}, did(desk.words, entry.kind)),
    h("td", {}, entry.study ?? ""),
    h("td", {}, said.length ? said : entry.content.account ? `${entry.content.account}` : "",
      h("p", { class: "hash" }, `${entry.hash.slice(0, 16)}…`)));
}
