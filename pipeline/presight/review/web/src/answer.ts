// The answer beside the images: everything that the report says, and what an edit makes of it.
import type { Assessment, Change, Clinical, Criterion, Entry, Findings, Label, Shares, Study } from "./api";
import { button, fill, h } from "./dom";
import { history } from "./entries";
import { Labs, readings } from "./labs";
import type { Desk } from "./main";
import { factor, percent, volume, window_ } from "./say";
import { weighed } from "./whatif";

interface Acts {
  goTo: (mm: [number, number, number]) => void;
  change: (field: string, value: unknown) => void;
}

const TABS = ["Answer", "Facts", "Regions", "Advice", "Criteria", "Labs", "Clinical", "History"] as const;
type Tab = (typeof TABS)[number];

export class Answer {
  readonly element = h("div", { class: "answer" });
  private readonly verdict = h("div", { class: "answer-head" });
  private readonly body = h("div", { class: "tab-body", role: "tabpanel", tabindex: "0", id: "answer-tab" });
  private tab: Tab = "Answer";
  private off = new Set<string>();
  private assessment: Assessment;
  private findings: Findings;
  private clinical: Clinical | null;
  private before: Assessment | null = null;
  private entries: Entry[];
  private readonly change: Change | null;
  private run: Study["run"];
  private readonly labs: Labs;

  constructor(
    private readonly desk: Desk,
    id: string,
    study: Study,
    private readonly acts: Acts,
  ) {
    ({ assessment: this.assessment, findings: this.findings, clinical: this.clinical } = study);
    this.labs = new Labs(id);
    this.entries = study.history;
    this.change = study.change;
    this.run = study.run;
    this.draw();
  }

  show(assessment: Assessment, findings: Findings, clinical: Clinical | null, before?: Assessment): void {
    Object.assign(this, { assessment, findings, clinical, before: before ?? null });
    this.off.clear();
    this.draw();
  }

  /** Take over what stands after a decision. */
  saved(study: Study): void {
    this.labs.look(true);
    this.entries = study.history;
    this.run = study.run;
    this.show(study.assessment, study.findings, study.clinical);
  }

  setHistory(entries: Entry[]): void {
    this.entries = entries;
    this.draw();
  }

  private draw(): void {
    this.drawVerdict();
    const inTabs = document.activeElement?.getAttribute("role") === "tab" && this.element.contains(document.activeElement);
    const tabs = TABS.map((tab) => button(tab, () => this.choose(tab), {
      role: "tab", id: `tab-${tab}`, "aria-controls": "answer-tab", "aria-selected": String(tab === this.tab), tabindex: tab === this.tab ? 0 : -1 }));
    const views: Record<Tab, () => (HTMLElement | null)[]> = {
      Answer: () => this.overview(),
      Facts: () => this.facts(),
      Regions: () => this.regions(),
      "Advice": () => this.next(),
      Criteria: () => [...this.assessment.subtypes, ...this.assessment.criteria].map((c) => this.criterion(c)),
      Labs: () => [this.labs.look(), ...readings(this.assessment, (ids) => this.refs(ids))],
      Clinical: () => this.given(),
      History: () => [history(this.desk, this.entries)],
    };
    fill(this.body, ...views[this.tab]());
    this.body.setAttribute("aria-labelledby", `tab-${this.tab}`);
    const list = h("div", { class: "tabs", role: "tablist", onkeydown: (event: KeyboardEvent) => this.tabKey(event) }, tabs);
    fill(this.element, this.verdict, list, this.body);
    if (inTabs) tabs[TABS.indexOf(this.tab)]!.focus();
  }

  private choose(tab: Tab): void {
    this.tab = tab;
    this.draw();
  }

  private tabKey(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    this.choose(TABS[(TABS.indexOf(this.tab) + step + TABS.length) % TABS.length]!);
  }

  private drawVerdict(): void {
    const { classification, alerts } = this.assessment;
    const { words } = this.desk;
    const tried = this.off.size ? weighed(this.assessment, this.off) : null;
    const ranked = (Object.keys(classification.probabilities) as Label[])
      .sort((a, b) => classification.probabilities[b] - classification.probabilities[a]);
    fill(
      this.verdict,
      alerts.map((alert) =>
        h("details", { class: "alert-line" }, h("summary", {}, alert.text), h("p", {}, alert.because, " ", this.refs(alert.source)))),
      h("h2", {}, words.verdicts[classification.label] ?? classification.label),
      this.before ? h("p", { class: "trying" }, "With your edit; not saved yet. Grey: before.")
        : this.run ? h("p", { class: "trying" }, `As last edited (see History). The run itself: PRES ${percent(this.run.probabilities.pres)}, toxic ${percent(this.run.probabilities.toxic_leukoencephalopathy)}.`) : null,
      tried ? h("p", { class: "trying" }, `${this.off.size} ${this.off.size > 1 ? "facts" : "fact"} switched off: a trial, not the answer. `,
        button("Count all again", () => { this.off.clear(); this.draw(); })) : null,
      h("table", { class: "classes" }, h("tbody", {}, ranked.map((label) => this.classRow(label, tried)))),
    );
  }

  private classRow(label: Label, tried: Shares | null): HTMLElement {
    const { probabilities, interval } = this.assessment.classification;
    const share = tried ? tried[label] : probabilities[label];
    const { low, high } = interval[label];
    const before = tried ? probabilities[label] : this.before?.classification.probabilities[label];
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, this.desk.words.classes[label]!.name),
      h("td", { class: "bar-cell" },
        h("div", { class: "bar", style: { "--share": `${share * 100}%`, "--low": `${low * 100}%`, "--high": `${high * 100}%` } },
          tried ? null : h("i", { class: "interval" }))),
      h("td", { class: "number" }, h("data", { value: share, "data-class": label }, percent(share))),
      h("td", { class: "number quiet" },
        before === undefined ? `${percent(low)} to ${percent(high)}` : `was ${percent(before)}`),
    );
  }

  private overview(): (HTMLElement | null)[] {
    const { classification, severity, differential, trend } = this.assessment;
    const { lesion_ml, lesion_count, uncertainty, pattern } = this.findings;
    return [
      h("p", {}, classification.because),
      h("dl", { class: "facts" },
        pair("Hyperintense volume", h("data", { value: lesion_ml ?? "", "data-name": "lesion_ml" }, `${volume(lesion_ml)} mL`)),
        pair("Lesions", lesion_count ?? "–"),
        pair("Uncertainty of the outline", uncertainty === null ? "–" : uncertainty.toFixed(2)),
        pair("Pattern", (pattern ?? "none named").replaceAll("_", " ")),
        pair("Clinical severity", severity.grade ?? severity.because),
        trend ? pair("Since the prior study", trend) : null),
      ...(this.change ? since(this.change, !!(this.run ?? this.before)) : []),
      differential.length ? h("h3", {}, "Also to keep in mind") : null,
      ...differential.map((item) =>
        h("details", {}, h("summary", {}, item.name), h("p", {}, item.why), h("p", {}, `Would settle it: ${item.settles} `, this.refs(item.source)))),
    ];
  }

  private facts(): HTMLElement[] {
    const { contributions } = this.assessment.classification;
    const scale = Math.max(1e-9, ...contributions.flatMap((c) => Object.values(c.log_lr).map(Math.abs)));
    const labels = Object.keys(this.assessment.classification.prior) as Label[];
    return [
      h("p", { class: "quiet" }, "×3 triples the weight of a diagnosis, ÷3 cuts it to a third. Switch a fact off to see the probabilities without it."),
      h("div", { class: "contribution quiet" }, h("span", {}), labels.map((label) => h("span", { class: "number" }, this.desk.words.classes[label]!.short))),
      ...contributions.map((fact) => h("div", { class: this.off.has(fact.feature) ? "contribution off" : "contribution" },
        h("input", {
          type: "checkbox", checked: !this.off.has(fact.feature), "aria-label": `Count ${fact.name}`, "data-fact": fact.feature,
          onchange: () => this.toggle(fact.feature),
        }),
        h("details", {}, h("summary", {}, `${fact.name}: ${fact.value}`),
          h("p", {}, fact.note, ` Evidence grade ${fact.quality}. `, this.refs(fact.source))),
        labels.map((label) => h("span", { class: "number" }, signedBar(fact.log_lr[label] / scale), factor(fact.log_lr[label]))))),
      h("h3", {}, "Not known, and could move the answer"),
      h("dl", { class: "missing" }, this.assessment.missing.flatMap((fact) => [h("dt", {}, fact.name), h("dd", {}, fact.effect)])),
    ];
  }

  private toggle(feature: string): void {
    if (!this.off.delete(feature)) this.off.add(feature);
    this.draw();
    this.body.querySelector<HTMLElement>(`[data-fact="${feature}"]`)?.focus();
  }

  private regions(): HTMLElement[] {
    const { regions } = this.findings;
    const lesions = this.findings.lesions ?? [];
    const most = Math.max(1e-9, ...regions.map((region) => region.lesion_ml));
    const place = (region: string, side: string) => `${this.desk.words.regions[region] ?? region}${side === "midline" ? "" : `, ${side}`}`;
    return [
      h("h3", {}, "Lesions, the largest first"),
      h("div", { class: "lesions" }, lesions.slice(0, 30).map((lesion) =>
        button(`${lesion.number} · ${place(lesion.region, lesion.side)} · ${volume(lesion.volume_ml)} mL`,
          () => this.acts.goTo(lesion.centre_mm), { title: "Show its place" }))),
      h("h3", {}, "Regions"),
      h("table", { class: "regions" }, h("tbody", {}, regions.map((region) => {
        const largest = lesions.find((l) => l.region === region.region && l.side === region.side);
        return h("tr", {},
          h("td", {}, largest
            ? button(place(region.region, region.side), () => this.acts.goTo(largest.centre_mm), { class: "link" })
            : place(region.region, region.side)),
          h("td", { class: "bar-cell" }, h("div", { class: "bar thin", style: { "--share": `${(region.lesion_ml / most) * 100}%` } })),
          h("td", { class: "number" }, `${volume(region.lesion_ml)} mL`),
          h("td", { class: "number quiet" }, region.region_ml ? percent(region.lesion_ml / region.region_ml) : "–"));
      }))),
    ];
  }

  private next(): HTMLElement[] {
    const order = Object.keys(this.desk.words.urgency);
    const items = [...this.assessment.recommendations].sort((a, b) => order.indexOf(a.urgency) - order.indexOf(b.urgency));
    return [
      h("p", { class: "quiet" }, "Decision support, not orders."),
      ...items.map((item) => h("details", { class: `next ${item.urgency}` },
        h("summary", {}, h("b", {}, this.desk.words.urgency[item.urgency] ?? item.urgency), ` ${item.action} `, h("span", { class: "quiet" }, window_(item.window_days))),
        h("p", {}, item.because, " ", this.refs(item.source)),
        item.against ? h("p", {}, `Against: ${item.against}`) : null)),
    ];
  }

  private criterion(criterion: Criterion): HTMLElement {
    const marks: Record<string, string> = { met: "✓", "not met": "✗", unknown: "?" };
    return h("details", { class: "criterion" },
      h("summary", {}, criterion.name, " ", h("b", {}, criterion.result ?? "listed only")),
      h("ul", { class: "plain" }, criterion.items.map((item) => h("li", { class: item.state.replace(" ", "-") }, `${marks[item.state] ?? ""} ${item.text}`, item.needed ? h("small", {}, " needed") : null))),
      h("p", {}, criterion.note, " ", this.refs(criterion.source)));
  }

  private given(): HTMLElement[] {
    const { fields } = this.desk.words;
    const mayEdit = this.desk.me.role !== "reader" && this.clinical !== null;
    return [
      mayEdit
        ? h("p", { class: "quiet" }, "A changed value scores the study anew. Empty is unknown. Both versions are kept.")
        : h("p", { class: "quiet" }, this.clinical ? "" : "The record was not kept by the run: values cannot be edited."),
      h("div", { class: "record-form" }, Object.entries(this.clinical ?? {})
        .filter(([name, value]) => fields[name] && (value === null || typeof value !== "object" || fields[name]!.kind === "list"))
        .map(([name, value]) => this.field(name, value, mayEdit)), this.troughs(mayEdit)),
    ];
  }

  /** Trough levels of the drugs on board. */
  private troughs(mayEdit: boolean): HTMLElement[] {
    const drugs = (this.clinical?.drugs ?? []) as { name: string; level_ng_ml: number | null }[];
    return drugs.map((drug, i) => {
      const input = h("input", {
        type: "number", step: "any", min: 0, value: drug.level_ng_ml ?? "", disabled: !mayEdit, "data-field": `trough_${drug.name}`,
        onchange: () => this.acts.change("drugs", drugs.map((each, j) =>
          i === j ? { ...each, level_ng_ml: input.value === "" ? null : Number(input.value) } : each)),
      });
      return h("label", {}, h("span", {}, `${drug.name} trough (ng/mL)`), input);
    });
  }

  private field(name: string, value: unknown, mayEdit: boolean): HTMLElement {
    const { label, kind, unit, choices } = this.desk.words.fields[name]!;
    const title = unit ? `${label} (${unit})` : label;
    const said = value === null || value === undefined ? "" : Array.isArray(value) ? value.join(", ") : String(value);
    const attributes = { disabled: !mayEdit, "data-field": name };
    const options: [string, string][] | null = kind === "flag" ? [["true", "yes"], ["false", "no"]]
      : choices ? Object.keys(choices).map((each) => [each, each.replaceAll("_", " ")]) : null;
    if (options) {
      const select = h("select", { ...attributes, onchange: () => this.acts.change(name, read(kind, select.value)) },
        [["", "unknown"] as [string, string], ...options].map(([v, text]) => h("option", { value: v, selected: v === said }, text)));
      return h("label", {}, h("span", {}, title), select);
    }
    const input = h("input", {
      type: kind === "number" ? "number" : "text", step: "any", value: said, ...attributes,
      onchange: () => this.acts.change(name, read(kind, input.value)),
    });
    return h("label", {}, h("span", {}, title), input);
  }

  private refs(ids: string[]): HTMLElement {
    return h("details", { class: "sources" }, h("summary", {}, ids.length === 1 ? "source" : `${ids.length} sources`),
      ids.map((id) => h("p", {}, source(this.assessment.sources[id] ?? id))));
  }
}

/** What somebody wrote or chose, as the record holds it; nothing is unknown. */
function read(kind: string, written: string): unknown {
  if (kind === "list") return written.split(",").map((each) => each.trim()).filter(Boolean);
  if (written === "") return null;
  if (kind === "flag") return written === "true";
  return kind === "number" ? Number(written) : written;
}

function since(change: Change, edited: boolean): (HTMLElement | null)[] {
  const days = change.days === null ? "" : `, ${change.days} days before`;
  const kinds = Object.entries(change.volume_ml).filter(([, ml]) => ml > 0);
  return [
    h("h3", {}, `Against the prior study (${change.before}${days})`),
    h("p", {}, `${change.trend ?? "no lesion in either"}: ${volume(change.before_ml)} → ${volume(change.after_ml)} mL; a repeated scan differs by less than ${change.error_percent?.toFixed(0) ?? "–"} % 95 times of 100.`),
    h("dl", { class: "facts" }, kinds.map(([kind, ml]) => pair(kind, `${volume(ml)} mL`))),
    edited ? h("p", { class: "quiet" }, "Of the run's own outline: these parts were not measured again after the edit.") : null,
  ];
}

function source(text: string): HTMLElement {
  const found = /\b(10\.\d{4,9}\/[^\s;,"<>]*[^\s;,."<>)])|\bPMC\d+|https?:\/\/[^\s"<>]*[^\s"<>.,;)]/.exec(text);
  if (!found) return h("span", {}, text);
  const [hit] = found;
  const to = found[1] ? `https://doi.org/${hit}` : hit.startsWith("PMC") ? `https://pmc.ncbi.nlm.nih.gov/articles/${hit}/` : hit;
  const link = h("a", { href: to, target: "_blank", rel: "noreferrer noopener" }, hit);
  return h("span", {}, text.slice(0, found.index), link, text.slice(found.index + hit.length));
}

function signedBar(share: number): HTMLElement {
  return h("div", { class: share < 0 ? "signed minus" : "signed", style: { "--share": `${Math.abs(share) * 50}%` } });
}

function pair(name: string, value: string | number | HTMLElement): HTMLElement {
  return h("div", {}, h("dt", {}, name), h("dd", {}, value));
}
