// Pen, eraser, fill and grow.
import { append, button, h, setSlider, slider } from "./dom";
import type { Tool } from "./viewer";

const TOOLS: [Tool, string, string][] = [
  ["none", "Look", "v"], ["pen", "Pen", "p"], ["area", "Area", "i"], ["erase", "Eraser", "x"],
  ["fill", "Fill slice", "f"], ["grow", "Grow 3-D", "g"],
];

interface Acts {
  take: (tool: Tool, size: number) => void;
  grow: (atLeast: number, radius: number) => void;
  undo: () => void;
}

export class EditBar {
  readonly element = h("div", { class: "tools", role: "toolbar", "aria-label": "Edit the outline" });
  private tool: Tool = "none";
  private size = 3;
  private atLeast = 1.4;
  private radius = 15;
  private readonly width: HTMLLabelElement;

  constructor(private readonly acts: Acts) {
    this.width = slider("Width", 1, 15, 1, this.size, (size) => this.setSize(size));
    append(this.element, [
      h("span", { class: "quiet" }, "Edit"),
      ...TOOLS.map(([tool, text, key]) => button(text, () => this.take(tool),
        { "data-tool": tool, "aria-pressed": tool === "none", title: `Key ${key}`, "aria-keyshortcuts": key })),
      h("span", { class: "only-drawing" }, this.width),
      h("span", { class: "only-growing" },
        slider("at least", 0.5, 3, 0.05, this.atLeast, (value) => { this.atLeast = value; }),
        slider("within mm", 3, 60, 1, this.radius, (mm) => { this.radius = mm; }),
        button("At the crosshair", () => this.acts.grow(this.atLeast, this.radius), { title: "Key Enter" })),
      button("Undo", this.acts.undo, { title: "Ctrl+Z" }),
    ]);
  }

  /** Take the tool of a key; Enter grows, brackets change the width. */
  key(key: string): boolean {
    const tool = TOOLS.find(([, , each]) => each === key)?.[0];
    const growing = this.tool === "fill" || this.tool === "grow";
    if (tool) this.take(tool);
    else if (key === "Enter" && growing) this.acts.grow(this.atLeast, this.radius);
    else if (key === "+" || key === "-") this.setSize(this.size + (key === "+" ? 1 : -1));
    else return false;
    return true;
  }

  private setSize(size: number): void {
    this.size = Math.max(1, Math.min(15, size));
    setSlider(this.width, this.size);
    this.acts.take(this.tool, this.size);
  }

  private take(tool: Tool): void {
    this.tool = tool;
    this.acts.take(tool, this.size);
    this.element.querySelectorAll("[data-tool]").forEach((each) =>
      each.setAttribute("aria-pressed", String(each.getAttribute("data-tool") === tool)));
    this.element.classList.toggle("growing", tool === "fill" || tool === "grow");
    this.element.classList.toggle("drawing", tool === "pen" || tool === "area" || tool === "erase");
  }
}
