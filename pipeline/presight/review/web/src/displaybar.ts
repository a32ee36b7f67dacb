// What is shown of the images, and how.
import type { Words } from "./api";
import { append, button, choice, h, setSlider, slider } from "./dom";
import { OVERLAYS, type Overlay } from "./overlays";
import { OUTLINE, type Plane } from "./pane";
import { WINDOW, type Viewer } from "./viewer";

const PLANES: [Plane, string][] = [
  ["all", "3 planes"], ["axial", "Axial"], ["coronal", "Coronal"], ["sagittal", "Sagittal"], ["3d", "3-D"],
];

export class DisplayBar {
  readonly element = h("div", { class: "tools", role: "toolbar", "aria-label": "Display" });
  private readonly range = { low: WINDOW[0], high: WINDOW[1] };
  private readonly low = slider("Window", 0, 2, 0.05, WINDOW[0], (low) => this.window({ low }));
  private readonly high = slider("to", 0.5, 5, 0.05, WINDOW[1], (high) => this.window({ high }));

  constructor(
    private readonly viewer: Viewer,
    private readonly words: Words,
    private readonly images: string[],
  ) {
    viewer.onwindow = (low, high) => this.follow(low, high);
    append(this.element, [
      ...PLANES.map(([plane, text], i) => button(text, () => this.setPlane(plane),
        { "data-plane": plane, "aria-pressed": plane === "all", title: `Key ${i + 1}` })),
      this.low, this.high,
      slider("Outline", 0, 1, 0.05, OUTLINE, (share) => viewer.setOutlineOpacity(share)),
      ...this.overlays(),
      ...this.beside(),
    ]);
  }

  /** Which side of the patient is on which side of the picture. */
  sides(): HTMLElement {
    return choice("Sides", [["radiological", "radiological"], ["neurological", "neurological"]],
      "radiological", (sides) => this.viewer.setRadiological(sides === "radiological"));
  }

  setPlane(plane: Plane): void {
    this.viewer.setPlane(plane);
    this.element.querySelectorAll("[data-plane]").forEach((each) =>
      each.setAttribute("aria-pressed", String(each.getAttribute("data-plane") === plane)));
  }

  /** Show or put away an image beside the FLAIR. */
  async setBeside(name: string, shown: boolean): Promise<void> {
    const pressed = this.element.querySelector(`[data-beside="${name}"]`);
    pressed?.setAttribute("aria-pressed", String(shown));
    await this.viewer.setBeside(name, shown);
  }

  key(key: string): boolean {
    const plane = PLANES[Number(key) - 1]?.[0];
    if (plane) this.setPlane(plane);
    else if (key === "o") this.viewer.toggleOutline();
    else return false;
    return true;
  }

  private window(part: Partial<{ low: number; high: number }>): void {
    Object.assign(this.range, part);
    this.viewer.setWindow(this.range.low, Math.max(this.range.high, this.range.low + 0.05));
  }

  /** The window was changed with the mouse. */
  private follow(low: number, high: number): void {
    Object.assign(this.range, { low, high });
    setSlider(this.low, low);
    setSlider(this.high, high);
  }

  private overlays(): HTMLElement[] {
    const there = (Object.keys(OVERLAYS) as Overlay[]).filter((name) => this.images.includes(name));
    return there.flatMap((name) => {
      const more = name === "probability" ? slider("from", 0.01, 0.99, 0.01, 0.01, (s) => this.viewer.setThreshold(s))
        : name === "change" ? this.legend() : null;
      if (more) more.hidden = true; // until there is something to see
      const main = slider(OVERLAYS[name], 0, 1, 0.05, 0, (share) => {
        if (more) more.hidden = share === 0;
        void this.viewer.setOverlay(name, share);
      });
      return more ? [main, more] : [main];
    });
  }

  private legend(): HTMLElement {
    return h("details", { class: "legend" }, h("summary", {}, "colours"),
      h("ul", {}, Object.values(this.words.changes).map(({ name, colour }) =>
        h("li", {}, h("i", { style: { background: colour } }), name))));
  }

  private beside(): HTMLElement[] {
    const there = Object.keys(this.words.images).filter((name) => name !== "flair" && this.images.includes(name));
    if (!there.length) return [];
    return [h("span", { class: "quiet" }, "Beside it"), ...there.map((name) => {
      const one: HTMLButtonElement = button(this.words.images[name]!, () =>
        void this.setBeside(name, one.getAttribute("aria-pressed") !== "true"), { "data-beside": name, "aria-pressed": "false" });
      return one;
    })];
  }
}
