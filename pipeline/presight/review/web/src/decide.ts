// The decision: what it is, why, and in whose words.
import type { Standing, Study } from "./api";
import { button, choice, fill, h } from "./dom";
import { outline } from "./entries";
import type { Desk } from "./main";

interface Acts {
  save: (kind: string, body: Record<string, unknown>) => Promise<void>;
  rescore: () => void;
  discard: () => void;
}

export class Decide {
  readonly element = h("form", { class: "decide", "aria-label": "Decision", onsubmit: (event: Event) => event.preventDefault() });
  private kind = "";
  private edited = false;
  private diagnosis = "";
  private reasons = new Set<string>();
  private readonly text = h("textarea", { rows: 2, maxlength: 4000, "aria-label": "Words", placeholder: "Words for the record" });
  private readonly state = h("span", { class: "state" });
  private readonly warning = h("p", { class: "warning", role: "alert" });
  private readonly changed = h("p", { class: "quiet" });

  constructor(
    private readonly desk: Desk,
    private study: Study,
    private readonly acts: Acts,
  ) {
    this.draw();
  }

  setEdited(edited: boolean): void {
    if (edited === this.edited) return;
    this.edited = edited;
    if (!edited) fill(this.changed);
    if (edited || this.kind === "edit") this.kind = edited ? "edit" : "";
    this.draw();
  }

  showDifference(changed: Record<string, any>): void {
    this.changed.textContent = changed.outline ? outline(changed.outline) : "";
  }

  choose(kind: string): void {
    if (this.desk.me.role === "reader" || (kind === "edit") !== this.edited) return;
    this.kind = kind;
    this.draw();
    this.text.focus();
  }

  busy(yes: boolean): void {
    this.element.classList.toggle("busy", yes);
    this.element.querySelectorAll("button").forEach((each) => { each.disabled = yes; });
  }

  saved(study: Study): void {
    Object.assign(this, { study, kind: "", edited: false, diagnosis: "" });
    this.reasons.clear();
    this.text.value = "";
    fill(this.warning);
    fill(this.changed);
    this.draw();
  }

  overtaken(standing: Standing): void {
    this.study.standing = standing;
    this.warning.textContent = `${standing.reviewer} has decided meanwhile (${this.desk.words.states[standing.state]}): see History. What you save now comes after it.`;
    this.draw();
  }

  private draw(): void {
    const { words, me } = this.desk;
    const { standing } = this.study;
    this.state.className = `state ${standing.state}`;
    this.state.textContent = words.states[standing.state] ?? standing.state;
    const head = h("div", { class: "decide-head" }, this.state,
      h("span", { class: "quiet" }, standing.reviewer ? `last: ${standing.reviewer}` : ""), this.changed);
    if (me.role === "reader") {
      fill(this.element, head, h("p", { class: "quiet" }, "Readers look; reviewers decide."));
      return;
    }
    const kinds = Object.entries(words.decisions).filter(([kind]) => (kind === "edit") === this.edited || kind === "comment");
    fill(
      this.element,
      head,
      this.warning,
      h("div", { class: "kinds", role: "radiogroup", "aria-label": "Decision" }, kinds
        .filter(([kind]) => !(this.edited && kind === "comment"))
        .map(([kind, { said }]) => button(said, () => this.choose(kind), { role: "radio", title: `Key ${kind[0]}`, "aria-checked": String(kind === this.kind), "data-kind": kind }))),
      this.edited ? h("div", { class: "kinds" },
        button("Score the edit", this.acts.rescore, { "data-act": "rescore" }),
        button("Discard it", this.acts.discard)) : null,
      ...(this.kind ? this.words() : []),
    );
  }

  private words(): HTMLElement[] {
    const { words } = this.desk;
    const classes: [string, string][] = Object.entries(words.classes).map(([id, each]) => [id, each.name]);
    return [
      choice("Own diagnosis", [["", "none given"], ...classes, ["indeterminate", "Indeterminate"]], this.diagnosis, (value) => { this.diagnosis = value; }),
      h("details", { class: "reasons", open: this.kind === "reject" || this.reasons.size > 0 }, h("summary", {}, "Reasons"),
        Object.entries(words.reasons).map(([code, text]) => h("label", {}, h("input", {
          type: "checkbox", checked: this.reasons.has(code), "data-reason": code,
          onchange: () => { if (!this.reasons.delete(code)) this.reasons.add(code); },
        }), text))),
      this.text,
      button(words.decisions[this.kind]!.said, () => this.save(), { class: "main", "data-act": "save", title: "Ctrl+Enter" }),
    ];
  }

  save(): void {
    if (!this.kind) return;
    void this.acts.save(this.kind, { diagnosis: this.diagnosis, reasons: [...this.reasons], text: this.text.value });
  }
}
