// One study: images on the left, the answer on the right, the decision below it.
import { ask, type Rescored, type Standing, type Study } from "./api";
import { Answer } from "./answer";
import { Decide } from "./decide";
import { append, button, choice, fill, h, say, typing } from "./dom";
import type { Desk, Leave } from "./main";
import { OUTLINE, Viewer, WINDOW, type Overlay, type Plane, type Tool } from "./viewer";

const SIGN_OF_LIFE = 15_000;

export async function showStudy(body: HTMLElement, desk: Desk, id: string): Promise<Leave> {
  const study = await ask<Study>(`studies/${id}`);
  const view = new StudyView(desk, id, study);
  fill(body, view.element);
  await view.open();
  return () => view.close();
}

class StudyView {
  readonly element: HTMLElement;
  private readonly viewer: Viewer;
  private readonly answer: Answer;
  private readonly decide: Decide;
  private readonly others = h("div", { class: "others", role: "status" });
  private readonly place = h("output", { class: "place" });
  private readonly edit = new EditBar();
  private readonly timer: number;
  private readonly keys = (event: KeyboardEvent): void => this.key(event);
  private changes: Record<string, unknown> = {};

  constructor(
    private readonly desk: Desk,
    private readonly id: string,
    private study: Study,
  ) {
    this.viewer = new Viewer(`/api/studies/${id}`);
    this.viewer.onplace = (text) => { this.place.textContent = text; };
    this.viewer.onchange = () => this.edited();
    this.answer = new Answer(desk, study, {
      goTo: (mm) => this.viewer.goTo(mm),
      change: (field, value) => this.changeValue(field, value),
    });
    this.decide = new Decide(desk, study, {
      save: (kind, body) => this.save(kind, body),
      rescore: () => void this.rescore(),
      discard: () => this.discard(),
    });
    this.element = h(
      "div",
      { class: "study" },
      h("section", { class: "images", "aria-label": "Images" }, this.head(), this.tools(),
        this.viewer.element, this.place),
      h("section", { class: "side", "aria-label": "Answer" }, this.answer.element, this.decide.element),
    );
    this.edit.act = (tool, size) => this.viewer.setTool(tool, size);
    this.showOthers(study.others);
    this.timer = window.setInterval(() => void this.look(), SIGN_OF_LIFE);
    document.addEventListener("keydown", this.keys);
  }

  async open(): Promise<void> {
    const { images, draft } = this.study;
    const own = `/api/studies/${this.id}/images/mask.nii.gz`;
    await this.viewer.open(images, this.latestOutline() ?? own);
    this.jumpToLargest();
    if (draft && this.desk.me.role !== "reader") this.offerDraft(draft);
    this.edited();
  }

  close(): void {
    clearInterval(this.timer);
    document.removeEventListener("keydown", this.keys);
    this.viewer.close();
    void ask(`studies/${this.id}/close`, {}).catch(() => undefined);
  }

  /** The outline that the last edit left, if the last word was one. */
  private latestOutline(): string | null {
    const edit = this.study.history.find((entry) => entry.kind === "edit");
    const digest = edit?.content.kept?.mask;
    return digest ? `/api/studies/${this.id}/kept/${digest}` : null;
  }

  private jumpToLargest(): void {
    const lesions = this.study.findings.lesions ?? [];
    if (lesions[0]) this.viewer.goTo(lesions[0].centre_mm);
  }

  private head(): HTMLElement {
    const doubts = this.study.findings.quality_doubts;
    return h(
      "div",
      { class: "head" },
      h("a", { href: "#/" }, "← Worklist"),
      h("h1", {}, this.study.name),
      this.others,
      doubts.length
        ? h("details", { class: "doubts" }, h("summary", {}, `${doubts.length} doubts about quality`),
            h("ul", {}, doubts.map((text) => h("li", {}, text))))
        : null,
    );
  }

  private tools(): HTMLElement {
    const planes: [Plane, string][] = [
      ["all", "3 planes"], ["axial", "Axial"], ["coronal", "Coronal"], ["sagittal", "Sagittal"],
      ["3d", "3-D"],
    ];
    const bar = h("div", { class: "tools", role: "toolbar", "aria-label": "Display" });
    const chosen = (plane: Plane): void => {
      this.viewer.setPlane(plane);
      bar.querySelectorAll("[data-plane]").forEach((each) =>
        each.setAttribute("aria-pressed", String(each.getAttribute("data-plane") === plane)));
    };
    append(bar, planes.map(([plane, text]) =>
      button(text, () => chosen(plane), { "data-plane": plane, "aria-pressed": plane === "all" })));
    append(bar, [
      slider("Window from", 0, 2, 0.05, WINDOW[0], (low) => this.window({ low })),
      slider("to", 0.5, 5, 0.05, WINDOW[1], (high) => this.window({ high })),
      slider("Outline", 0, 1, 0.05, OUTLINE, (share) => this.viewer.setOutlineOpacity(share)),
      ...this.overlays(),
      choice("Sides", [["radiological", "radiological"], ["neurological", "neurological"]],
        "radiological", (sides) => this.viewer.setRadiological(sides === "radiological")),
    ]);
    return h("div", {}, bar, this.desk.me.role === "reader" ? null : this.edit.element(this));
  }

  private range = { low: WINDOW[0], high: WINDOW[1] };

  private window(part: Partial<{ low: number; high: number }>): void {
    Object.assign(this.range, part);
    this.viewer.setWindow(this.range.low, Math.max(this.range.high, this.range.low + 0.05));
  }

  private overlays(): HTMLElement[] {
    const names: [Overlay, string][] = [
      ["probability", "Probability"], ["uncertainty", "Uncertainty"], ["anatomy", "Regions"],
      ["change", "Change"],
    ];
    const there = names.filter(([name]) => this.study.images.includes(name));
    const made = there.map(([name, text]) =>
      slider(text, 0, 1, 0.05, 0, (share) => void this.viewer.setOverlay(name, share)));
    if (there.some(([name]) => name === "probability")) {
      made.splice(1, 0, slider("from", 0.01, 0.99, 0.01, 0.01, (s) => this.viewer.setThreshold(s)));
    }
    return made;
  }

  // --- editing ---------------------------------------------------------------------------------

  growHere(atLeast: number, radius: number): void {
    const voxels = this.viewer.growHere(atLeast, radius);
    if (!voxels) say("Nothing there is as bright as that: click on the lesion first.", true);
  }

  undo(): void {
    this.viewer.undo();
  }

  discard(): void {
    this.viewer.discard();
    this.changes = {};
    this.answer.show(this.study.assessment, this.study.findings, this.study.clinical);
    this.edited();
  }

  private changeValue(field: string, value: unknown): void {
    const before = (this.study.clinical ?? {})[field] ?? null;
    if (JSON.stringify(before) === JSON.stringify(value)) delete this.changes[field];
    else this.changes[field] = value;
    this.edited();
    void this.rescore();
  }

  private edited(): void {
    this.decide.setEdited(this.viewer.edited || Object.keys(this.changes).length > 0);
  }

  private async sendEdit(): Promise<{ draft: boolean; changes: Record<string, unknown> }> {
    const draft = this.viewer.edited;
    if (draft) await ask(`studies/${this.id}/draft`, await this.viewer.outline(), "PUT");
    return { draft, changes: this.changes };
  }

  private async rescore(): Promise<void> {
    this.decide.busy(true);
    try {
      const again = await ask<Rescored>(`studies/${this.id}/rescore`, await this.sendEdit());
      this.answer.show(again.assessment, again.findings, again.clinical, this.study.assessment);
      this.decide.showDifference(again.changed);
    } catch (error) {
      say((error as Error).message, true);
    } finally {
      this.decide.busy(false);
    }
  }

  private async save(kind: string, body: Record<string, unknown>): Promise<void> {
    this.decide.busy(true);
    try {
      const edit = kind === "edit" ? await this.sendEdit() : {};
      const { standing, seen } = this.study;
      await ask(`studies/${this.id}/decisions`, {
        kind, version: standing.version, seen, ...body, ...edit,
      });
      say("Saved. It is in the record.");
      await this.reload();
    } catch (error) {
      say((error as Error).message, true);
      await this.look();
    } finally {
      this.decide.busy(false);
    }
  }

  private async reload(): Promise<void> {
    this.study = await ask<Study>(`studies/${this.id}`);
    this.changes = {};
    const outline = this.latestOutline();
    if (outline) await this.viewer.loadOutline(outline);
    this.decide.saved(this.study);
    this.answer.saved(this.study);
    this.edited();
  }

  private offerDraft(at: string): void {
    const bar = h("div", { class: "draft", role: "status" },
      `You have an outline from ${at.slice(0, 16).replace("T", " ")} that was not saved as a decision.`,
      button("Go on with it", () => {
        bar.remove();
        void this.viewer
          .takeDraft(`/api/studies/${this.id}/draft.nii.gz`)
          .then(() => this.edited());
      }),
      button("Leave it", () => bar.remove()));
    this.viewer.element.before(bar);
  }

  // --- the others ------------------------------------------------------------------------------

  private async look(): Promise<void> {
    const now = await ask<{ others: string[]; standing: Standing }>(`studies/${this.id}/presence`);
    this.showOthers(now.others);
    if (now.standing.version === this.study.standing.version) return;
    const fresh = await ask<Study>(`studies/${this.id}`);
    this.study.standing = fresh.standing; // the reviewer is shown it, and may now answer to it
    this.study.history = fresh.history;
    this.answer.setHistory(fresh.history);
    this.decide.overtaken(fresh.standing);
  }

  private showOthers(names: string[]): void {
    this.others.textContent = names.length ? `Also open: ${names.join(", ")}` : "";
  }

  private key(event: KeyboardEvent): void {
    if (typing() || event.metaKey || event.altKey) return;
    if (event.ctrlKey) {
      if (event.key === "z") this.undo();
      return;
    }
    const acts: Record<string, () => void> = {
      Escape: () => { location.hash = "#/"; },
      ArrowUp: () => this.viewer.step(1),
      ArrowDown: () => this.viewer.step(-1),
      PageUp: () => this.viewer.step(5),
      PageDown: () => this.viewer.step(-5),
      "1": () => this.press("all"), "2": () => this.press("axial"), "3": () => this.press("coronal"),
      "4": () => this.press("sagittal"), "5": () => this.press("3d"),
      a: () => this.decide.choose("accept"), e: () => this.decide.choose("edit"),
      r: () => this.decide.choose("reject"), c: () => this.decide.choose("comment"),
      s: () => this.decide.choose("second_opinion"),
    };
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  private press(plane: Plane): void {
    this.element.querySelector<HTMLButtonElement>(`[data-plane="${plane}"]`)?.click();
  }
}

/** Pen, eraser, fill and grow. */
class EditBar {
  act: (tool: Tool, size: number) => void = () => undefined;
  private tool: Tool = "none";
  private size = 3;
  private atLeast = 1.4;
  private radius = 15;

  element(view: { growHere(atLeast: number, radius: number): void; undo(): void }): HTMLElement {
    const tools: [Tool, string][] = [
      ["none", "Look"], ["pen", "Pen"], ["area", "Area"], ["erase", "Eraser"],
      ["fill", "Fill slice"], ["grow", "Grow 3-D"],
    ];
    const bar = h("div", { class: "tools", role: "toolbar", "aria-label": "Edit the outline" });
    const take = (tool: Tool): void => {
      this.tool = tool;
      this.act(tool, this.size);
      bar.querySelectorAll("[data-tool]").forEach((each) =>
        each.setAttribute("aria-pressed", String(each.getAttribute("data-tool") === tool)));
      bar.classList.toggle("growing", tool === "fill" || tool === "grow");
    };
    append(bar, [
      h("span", { class: "quiet" }, "Edit"),
      ...tools.map(([tool, text]) =>
        button(text, () => take(tool), { "data-tool": tool, "aria-pressed": tool === "none" })),
      slider("Width", 1, 15, 1, this.size, (size) => { this.size = size; this.act(this.tool, size); }),
      h("span", { class: "only-growing" },
        slider("at least", 0.5, 3, 0.05, this.atLeast, (value) => { this.atLeast = value; }),
        slider("within mm", 3, 60, 1, this.radius, (mm) => { this.radius = mm; }),
        button("At the crosshair", () => view.growHere(this.atLeast, this.radius))),
      button("Undo", () => view.undo(), { title: "Ctrl+Z" }),
    ]);
    return bar;
  }
}

function slider(
  text: string, min: number, max: number, step: number, value: number, act: (value: number) => void,
): HTMLLabelElement {
  const out = h("output", {}, String(value));
  const input = h("input", {
    type: "range", min, max, step, value,
    oninput: () => { out.textContent = input.value; act(Number(input.value)); },
  });
  return h("label", { class: "slider" }, h("span", {}, text), input, out);
}

