// The worklist: a window onto thousands of rows, of which only those in sight are in the page.
import { ask, type Row, type Worklist } from "./api";
import { choice, fill, h, typing, unseen } from "./dom";
import { dialogOpen } from "./help";
import type { Desk, Leave } from "./main";
import { percent, volume, when } from "./say";

const PAGE = 100;
const REFRESH = 15_000;

interface Wanted {
  find: string;
  label: string;
  state: string;
  reviewer: string;
  since: string;
  until: string;
  doubtful: boolean | null;
  order: string;
}

// Kept while the page is open, so that going back leads to the same place.
const wanted: Wanted = {
  find: "", label: "", state: "", reviewer: "", since: "", until: "", doubtful: null,
  order: "urgency",
};
let chosen = 0;

/** The study before or after one in the list as it is filtered and ordered; null at its ends. */
export async function neighbour(id: string, step: number): Promise<string | null> {
  const around = await ask<Worklist>("worklist", { ...wanted, offset: Math.max(0, chosen - 1), limit: 3 });
  const at = around.rows.findIndex((row) => row.id === id);
  const gone = Math.min(chosen, 1); // it may have left the list by what was decided: another is in its place
  const place = at >= 0 ? at + step : step > 0 ? gone : gone - 1;
  const next = around.rows[place];
  if (!next) return null;
  chosen = Math.max(0, chosen - 1) + place;
  return next.id;
}

export async function showWorklist(body: HTMLElement, desk: Desk): Promise<Leave> {
  const list = new List(desk);
  fill(body, h("h1", { class: "unseen" }, "Worklist"), filters(desk, list), list.element);
  await list.reload();
  list.focus();
  const timer = setInterval(() => void list.refresh(), REFRESH);
  const keys = (event: KeyboardEvent): void => list.key(event);
  document.addEventListener("keydown", keys);
  return () => {
    clearInterval(timer);
    document.removeEventListener("keydown", keys);
  };
}

function filters(desk: Desk, list: List): HTMLElement {
  const change = (part: Partial<Wanted>): void => {
    Object.assign(wanted, part);
    chosen = 0;
    void list.reload();
  };
  const any: [string, string] = ["", "any"];
  const { words } = desk;
  const field = (label: string, name: "find" | "since" | "until", type: string) => {
    const input = h("input", { type, value: wanted[name], oninput: () => later(input.value) });
    let waiting = 0;
    const later = (value: string): void => {
      clearTimeout(waiting);
      waiting = window.setTimeout(() => change({ [name]: value }), 200);
    };
    if (name === "find") input.id = "find";
    return h("label", { class: "field" }, h("span", {}, label), input);
  };
  const classes: [string, string][] = Object.entries(words.classes).map(([id, c]) => [id, c.short]);
  return h(
    "section",
    { class: "filters", "aria-label": "Filters" },
    field("Find id", "find", "search"),
    choice("Verdict", [any, ...classes, ["indeterminate", "Indeterminate"]], wanted.label, (label) =>
      change({ label }),
    ),
    choice("State", [any, ...Object.entries(words.states)], wanted.state, (state) =>
      change({ state }),
    ),
    list.reviewers,
    field("Result from", "since", "date"),
    field("until", "until", "date"),
    choice(
      "Quality",
      [any, ["false", "no doubt"], ["true", "doubtful"]],
      wanted.doubtful === null ? "" : String(wanted.doubtful),
      (value) => change({ doubtful: value === "" ? null : value === "true" }),
    ),
    choice(
      "Order",
      [
        ["urgency", "Urgency"],
        ["pres", "PRES"],
        ["toxic", "Toxic"],
        ["uncertainty", "Uncertainty"],
        ["lesion_ml", "Volume"],
        ["date", "Newest"],
        ["state", "State"],
        ["id", "Id"],
      ],
      wanted.order,
      (order) => change({ order }),
    ),
    list.progress,
  );
}

class List {
  readonly progress = h("div", { class: "progress" });
  readonly reviewers = h("label", { class: "field" });
  private readonly rows = h("div", { class: "rows", role: "rowgroup" });
  private readonly scroll = h("div", { class: "scroll", role: "presentation" }, this.rows);
  readonly element = h("div", { class: "list", role: "grid", tabindex: "0", "aria-label": "Studies" },
    heading(), this.scroll);
  private pages = new Map<number, Row[]>();
  private asked = new Set<number>();
  private total = 0;
  private turn = 0;

  constructor(private readonly desk: Desk) {
    this.scroll.addEventListener("scroll", () => this.draw());
    new ResizeObserver(() => this.draw()).observe(this.scroll);
  }

  focus(): void {
    this.element.focus();
    this.show(chosen);
  }

  async reload(): Promise<void> {
    this.turn += 1;
    this.pages.clear();
    this.asked.clear();
    await this.load(Math.floor(chosen / PAGE));
    this.draw();
  }

  /** Look again at what is in sight: who has what open, and what was decided. */
  async refresh(): Promise<void> {
    const first = Math.floor(this.scroll.scrollTop / rowHeight() / PAGE);
    this.asked.delete(first);
    await this.load(first);
  }

  key(event: KeyboardEvent): void {
    if (dialogOpen()) return;
    if (event.key === "Escape" && typing()) return this.focus();
    if (typing() || event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(this.scroll.clientHeight / rowHeight()) - 1);
    const moves: Record<string, number> = {
      ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: page, PageUp: -page,
      Home: -this.total, End: this.total,
    };
    const move = moves[event.key];
    if (move !== undefined) this.show(Math.max(0, Math.min(this.total - 1, chosen + move)));
    else if (event.key === "Enter") this.open(chosen);
    else if (event.key === "/") document.querySelector<HTMLInputElement>("#find")?.focus();
    else return;
    event.preventDefault();
  }

  private async load(page: number): Promise<void> {
    if (this.asked.has(page)) return;
    this.asked.add(page);
    const turn = this.turn;
    const found = await ask<Worklist>("worklist", { ...wanted, offset: page * PAGE, limit: PAGE });
    if (turn !== this.turn) return; // the filters have changed since
    this.pages.set(page, found.rows);
    this.total = found.total;
    this.showProgress(found.progress);
    this.showReviewers(found.reviewers);
    this.draw();
  }

  private showProgress(counts: Record<string, number>): void {
    const all = Object.values(counts).reduce((a, b) => a + b, 0);
    const done = all - (counts.new ?? 0) - (counts.in_review ?? 0) - (counts.second_opinion ?? 0);
    const states = Object.entries(counts).map(([state, n]) => `${this.desk.words.states[state]} ${n}`);
    fill(
      this.progress,
      h("progress", { max: all || 1, value: done, "aria-label": "Progress" }),
      h("span", {}, `${done} of ${all} settled`),
      h("span", { class: "quiet" }, states.join(" · ")),
      h("span", { class: "quiet" }, `${this.total} shown`),
    );
  }

  private showReviewers(names: string[]): void {
    if (this.reviewers.contains(document.activeElement)) return; // somebody is choosing
    const known: [string, string][] = [["", "any"], ...names.map((name): [string, string] => [name, name])];
    fill(this.reviewers, ...choice("Reviewer", known, wanted.reviewer, (reviewer) => {
      Object.assign(wanted, { reviewer });
      chosen = 0;
      void this.reload();
    }).childNodes);
  }

  private show(index: number): void {
    chosen = index;
    const height = rowHeight();
    const top = index * height;
    const { scrollTop, clientHeight } = this.scroll;
    if (top < scrollTop) this.scroll.scrollTop = top;
    else if (top + height > scrollTop + clientHeight) this.scroll.scrollTop = top + height - clientHeight;
    this.draw();
  }

  private open(index: number): void {
    const row = this.pages.get(Math.floor(index / PAGE))?.[index % PAGE];
    chosen = index;
    if (row) location.hash = `#/study/${row.id}`;
  }

  private draw(): void {
    const height = rowHeight();
    const first = Math.max(0, Math.floor(this.scroll.scrollTop / height) - 8);
    const last = Math.min(this.total, first + Math.ceil(this.scroll.clientHeight / height) + 16);
    this.rows.style.setProperty("--count", String(this.total));
    this.element.setAttribute("aria-rowcount", String(this.total + 1));
    const drawn: HTMLElement[] = [];
    for (let i = first; i < last; i += 1) {
      const row = this.pages.get(Math.floor(i / PAGE))?.[i % PAGE];
      if (row) drawn.push(this.row(row, i));
      else void this.load(Math.floor(i / PAGE));
    }
    fill(this.rows, drawn);
    const at = drawn.find((each) => each.classList.contains("chosen"));
    this.element.setAttribute("aria-activedescendant", at?.id ?? ""); // scrolled out of sight it is nowhere
    if (this.total === 0) fill(this.rows, h("p", { class: "quiet pad", role: "row" }, h("span", { role: "gridcell" }, "No study matches.")));
  }

  private row(row: Row, index: number): HTMLElement {
    const { words } = this.desk;
    const others = row.open_by.filter((name) => name !== this.desk.me.name);
    const cells: [string, string | HTMLElement][] = [
      ["id", h("a", { href: `#/study/${row.id}`, tabindex: -1 }, row.session ? `${row.subject} · ${row.session}` : row.subject)],
      ["alerts", row.alerts ? h("b", { class: "alert" }, `${row.alerts} alert${row.alerts > 1 ? "s" : ""}`) : ""],
      ["verdict", words.classes[row.label]?.name ?? "Indeterminate"],
      ["share", share(row.pres)],
      ["share", share(row.toxic)],
      ["number", volume(row.lesion_ml)],
      ["number", row.uncertainty === null ? "–" : row.uncertainty.toFixed(2)],
      ["quality", row.doubts ? `${row.doubts} doubt${row.doubts > 1 ? "s" : ""}` : ""],
      ["date", row.date],
      ["state", h("span", { class: `state ${row.state}` }, words.states[row.state] ?? row.state)],
      ["reviewer", row.reviewer ? `${row.reviewer} ${when(row.decided).slice(0, 10)}` : ""],
      ["open", others.length ? h("span", { class: "open" }, `open: ${others.join(", ")}`) : ""],
    ];
    return h(
      "div",
      {
        class: index === chosen ? "row chosen" : "row",
        role: "row",
        id: `study-${index}`,
        "aria-selected": index === chosen,
        "aria-rowindex": index + 2, // after the heading
        style: { "--index": String(index) },
        onclick: () => { chosen = index; },
      },
      cells.map(([name, content]) => h("span", { class: name, role: "gridcell" }, content)),
    );
  }
}

/** Pixels of a row, which the style decides by the size of the screen. */
function rowHeight(): number {
  return parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--row"));
}

function heading(): HTMLElement {
  const names: [string, string | HTMLElement][] = [
    ["id", "Study"], ["alerts", "Alerts"], ["verdict", "Verdict"], ["share", "PRES"],
    ["share", "Toxic"], ["number", "mL"], ["number", "Uncertainty"], ["quality", "Quality"],
    ["date", "Result of"], ["state", "State"], ["reviewer", "Last"], ["open", unseen("Open by")],
  ];
  return h("div", { class: "row heading", role: "row" },
    names.map(([kind, text]) => h("span", { class: kind, role: "columnheader" }, text)));
}

function share(value: number): HTMLElement {
  return h("span", { class: "meter", style: { "--share": `${value * 100}%` } }, percent(value));
}
