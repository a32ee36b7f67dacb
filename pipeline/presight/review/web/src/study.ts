// One study: images on the left, the answer on the right, the decision below it.
import { ask, type Rescored, type Standing, type Study } from "./api";
import { Answer } from "./answer";
import { Decide } from "./decide";
import { DisplayBar } from "./displaybar";
import { button, fill, h, say, typing } from "./dom";
import { EditBar } from "./editbar";
import { dialogOpen } from "./help";
import { expect, imageUrl, know } from "./images";
import type { Desk, Leave } from "./main";
import { preparePane } from "./pane";
import { Viewer } from "./viewer";
import { neighbour } from "./worklist";

export { preparePane };
const SIGN_OF_LIFE = 15_000;

export async function showStudy(body: HTMLElement, desk: Desk, id: string): Promise<Leave> {
  expect(imageUrl(id, "flair")); // while the server gathers the rest
  const study = await ask<Study>(`studies/${id}`);
  know(id, study.seen.assessment!);
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
  private readonly display: DisplayBar;
  private readonly edit: EditBar;
  private readonly others = h("div", { class: "others", role: "status" });
  private readonly place = h("output", { class: "place" });
  private readonly timer: number;
  private readonly keys = (event: KeyboardEvent): void => this.key(event);
  private readonly unload = (event: Event): void => { if (this.viewer.edited) event.preventDefault(); };
  private drawn = false; // since the draft was kept
  private changes: Record<string, unknown> = {};
  private lesion = 0;
  private isOpen = true;

  constructor(
    private readonly desk: Desk,
    private readonly id: string,
    private study: Study,
  ) {
    this.viewer = new Viewer(id, desk.words);
    this.viewer.onplace = (text) => { this.place.textContent = text; };
    this.viewer.onchange = () => {
      this.drawn = true;
      this.edited();
    };
    this.display = new DisplayBar(this.viewer, desk.words, study.images);
    this.edit = new EditBar({
      take: (tool, size) => this.viewer.setTool(tool, size),
      grow: (atLeast, radius) => this.growHere(atLeast, radius),
      undo: () => this.viewer.undo(),
    });
    this.answer = new Answer(desk, id, study, {
      goTo: (mm) => this.viewer.goTo(mm),
      change: (field, value) => this.changeValue(field, value),
    });
    this.decide = new Decide(desk, study, {
      save: (kind, body) => this.save(kind, body),
      rescore: () => void this.rescore(),
      discard: () => this.discard(),
    });
    this.element = h("div", { class: "study" },
      h("section", { class: "images", "aria-label": "Images" }, this.head(), this.display.element,
        this.mayDecide ? this.edit.element : null, this.viewer.element, this.place),
      h("section", { class: "side", "aria-label": "Answer" }, this.answer.element, this.decide.element));
    this.showOthers(study.others);
    this.timer = window.setInterval(() => void this.look(), SIGN_OF_LIFE);
    document.addEventListener("keydown", this.keys);
    window.addEventListener("beforeunload", this.unload);
  }

  async open(): Promise<void> {
    await this.viewer.open();
    this.jump(0);
    const { images, draft } = this.study;
    await this.viewer.complete(this.latestOutline(), images.includes("anatomy"));
    this.edited();
    if (draft && this.mayDecide) this.offerDraft(draft);
    if (images.includes("prior")) await this.showPrior();
    await this.expectNext();
    const later = window.requestIdleCallback ?? window.setTimeout; // Safari has no idle time
    later(() => { if (this.isOpen) preparePane(); });
  }

  /** Leave, but not without keeping a half-drawn outline. */
  close(): void {
    this.isOpen = false;
    clearInterval(this.timer);
    document.removeEventListener("keydown", this.keys);
    window.removeEventListener("beforeunload", this.unload);
    this.viewer.rest();
    void this.keepDraft().finally(() => this.viewer.close());
    void ask(`studies/${this.id}/close`, {}).catch(() => undefined);
  }

  private get mayDecide(): boolean {
    return this.desk.me.role !== "reader";
  }

  /** The outline that the last edit left, or the run's own. */
  private latestOutline(): string {
    const edit = this.study.history.find((entry) => entry.kind === "edit");
    const digest = edit?.content.kept?.mask;
    return digest ? `/api/studies/${this.id}/kept/${digest}` : imageUrl(this.id, "mask");
  }

  /** Two scans of one head are looked at side by side, slice by slice. */
  private async showPrior(): Promise<void> {
    if (!this.isOpen) return;
    this.display.setPlane("axial");
    await this.display.setBeside("prior", true);
  }

  /** Load the images that will be looked at next while these are being looked at. */
  private async expectNext(): Promise<void> {
    const next = this.isOpen ? await neighbour(this.id, 1) : null;
    if (next) expect(imageUrl(next, "flair"));
  }

  private async go(step: number): Promise<void> {
    const next = await neighbour(this.id, step);
    if (next) location.hash = `#/study/${next}`;
    else say(step > 0 ? "That was the last study of the list." : "That is the first study of the list.");
  }

  private jump(step: number): void {
    const lesions = this.study.findings.lesions ?? [];
    if (!lesions.length) return;
    this.lesion = (this.lesion + step + lesions.length) % lesions.length;
    this.viewer.goTo(lesions[this.lesion]!.centre_mm);
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
        ? h("details", { class: "doubts" }, h("summary", {}, `${doubts.length} ${doubts.length > 1 ? "doubts" : "doubt"} about quality`),
            h("ul", {}, doubts.map((text) => h("li", {}, text))))
        : null,
      h("span", { class: "grow" }),
      this.display.sides(),
      button("‹", () => void this.go(-1), { title: "Study before: key b", "aria-label": "Study before" }),
      button("›", () => void this.go(1), { title: "Next study: key n", "aria-label": "Next study" }),
    );
  }

  // --- editing ---------------------------------------------------------------------------------

  private growHere(atLeast: number, radius: number): void {
    const voxels = this.viewer.growHere(atLeast, radius);
    if (!voxels) say("Nothing there is as bright as that: click on the lesion first.", true);
  }

  private discard(): void {
    this.viewer.discard();
    this.drawn = false;
    if (this.mayDecide) void ask(`studies/${this.id}/draft`, undefined, "DELETE");
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
    if (draft) await this.sendDraft();
    return { draft, changes: this.changes };
  }

  private async sendDraft(): Promise<void> {
    this.drawn = false;
    await ask(`studies/${this.id}/draft`, await this.viewer.outline(), "PUT");
  }

  /** Keep what was drawn since the last time, so that no mishap takes it away. */
  private async keepDraft(): Promise<void> {
    if (this.drawn && this.viewer.edited && this.mayDecide) await this.sendDraft().catch(() => undefined);
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
    this.drawn = false;
    this.element.querySelector(".draft")?.remove();
    await this.viewer.loadOutline(this.latestOutline());
    this.decide.saved(this.study);
    this.answer.saved(this.study);
    this.edited();
  }

  private offerDraft(at: string): void {
    const url = `/api/studies/${this.id}/draft.nii.gz?${encodeURIComponent(at)}`;
    const bar = h("div", { class: "draft", role: "status" },
      `You have an outline from ${at.slice(0, 16).replace("T", " ")} that was not saved as a decision. A new one takes its place.`,
      button("Go on with it", () => {
        bar.remove();
        void this.viewer.takeDraft(url).then(() => this.edited());
      }),
      button("Discard it", () => {
        bar.remove();
        void ask(`studies/${this.id}/draft`, undefined, "DELETE");
      }),
      button("Not now", () => bar.remove()));
    this.viewer.element.before(bar);
  }

  // --- the others ------------------------------------------------------------------------------

  private async look(): Promise<void> {
    await this.keepDraft();
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

  // --- keys ------------------------------------------------------------------------------------

  private key(event: KeyboardEvent): void {
    if (dialogOpen() || event.metaKey || event.altKey) return;
    if (event.ctrlKey) return this.withControl(event);
    if (typing()) {
      if (event.key === "Escape") (document.activeElement as HTMLElement).blur();
      return;
    }
    const reading = document.activeElement?.matches(".tab-body") && /^(Arrow|Page)/.test(event.key);
    if (reading) return; // the text scrolls, not the slices
    if (event.key === "Enter" && document.activeElement?.matches("button, a, summary, input")) return;
    if (!this.act(event.key)) return;
    event.preventDefault();
  }

  private withControl(event: KeyboardEvent): void {
    if (event.key === "z" && !typing()) this.viewer.undo();
    else if (event.key === "Enter") this.decide.save();
    else return;
    event.preventDefault();
  }

  private act(key: string): boolean {
    const acts: Record<string, () => void> = {
      Escape: () => { location.hash = "#/"; },
      ArrowUp: () => this.viewer.step(1),
      ArrowDown: () => this.viewer.step(-1),
      PageUp: () => this.viewer.step(5),
      PageDown: () => this.viewer.step(-5),
      "]": () => this.jump(1),
      "[": () => this.jump(-1),
      n: () => void this.go(1),
      b: () => void this.go(-1),
      a: () => this.decide.choose("accept"), e: () => this.decide.choose("edit"),
      r: () => this.decide.choose("reject"), c: () => this.decide.choose("comment"),
      s: () => this.decide.choose("second_opinion"),
    };
    const act = acts[key];
    act?.();
    return !!act || this.display.key(key) || (this.mayDecide && this.edit.key(key));
  }
}
