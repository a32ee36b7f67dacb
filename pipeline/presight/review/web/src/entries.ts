// Entries of the record, in words.
import type { Entry, Words } from "./api";
import { h } from "./dom";
import type { Desk } from "./main";
import { percent, volume, when } from "./say";

export function history(desk: Desk, entries: Entry[]): HTMLElement {
  if (!entries.length) return h("p", { class: "quiet" }, "Nobody has decided on this study yet.");
  return h("ol", { class: "history" }, entries.map((entry) => h("li", {}, sentence(desk, entry), ...details(desk, entry))));
}

/** What was done, said afterwards. */
export function did(words: Words, kind: string): string {
  const decision = words.decisions[kind];
  if (!decision) return kind.replaceAll("_", " ");
  return (decision.becomes && words.states[decision.becomes]) ?? decision.said;
}

function sentence({ words }: Desk, entry: Entry): HTMLElement {
  return h("p", {}, h("b", {}, did(words, entry.kind)), ` · ${entry.actor} · ${when(entry.at)} · entry ${entry.seq}`);
}

export function details({ words }: Desk, entry: Entry): (HTMLElement | null)[] {
  const { content } = entry;
  const reasons: string[] = content.reasons ?? [];
  return [
    content.diagnosis ? h("p", {}, `Own diagnosis: ${words.classes[content.diagnosis]?.name ?? content.diagnosis}`) : null,
    reasons.length ? h("p", {}, reasons.map((code) => words.reasons[code] ?? code).join("; ")) : null,
    content.text ? h("blockquote", {}, content.text) : null,
    content.changed?.outline ? h("p", {}, outline(content.changed.outline)) : null,
    content.changed?.clinical ? h("p", {}, values(words.fields, content.changed.clinical)) : null,
    content.result ? h("p", {}, result(content)) : null,
    content.seen ? h("p", { class: "hash" }, `Seen: ${Object.entries(content.seen).map(([name, hash]) => `${name} ${String(hash).slice(0, 10)}`).join(" · ")}`) : null,
  ];
}

export function outline(changed: Record<string, number>): string {
  return `Outline: +${volume(changed.added_ml)} mL (${changed.added_voxels} voxels), −${volume(changed.removed_ml)} mL (${changed.removed_voxels} voxels)`;
}

function values(fields: Record<string, { label: string }>, changed: Record<string, [unknown, unknown]>): string {
  const said = (value: unknown): string => (value === null ? "unknown" : typeof value === "object" ? JSON.stringify(value) : String(value));
  return Object.entries(changed).map(([name, [old, now]]) => `${fields[name]?.label ?? name}: ${said(old)} → ${said(now)}`).join("; ");
}

function result(content: Record<string, any>): string {
  const { shown, result: after } = content;
  return `PRES ${percent(shown.probabilities.pres)} → ${percent(after.probabilities.pres)}, volume ${volume(shown.lesion_ml)} → ${volume(after.lesion_ml)} mL`;
}
