// The images: the FLAIR with its overlays and the outline, and further images beside it, linked.
import type { NVImage } from "@niivue/niivue";
import type { Words } from "./api";
import { h } from "./dom";
import { grown } from "./grow";
import { imageUrl } from "./images";
import { colour, type Overlay } from "./overlays";
import { loaded, OUTLINE, takePane, type Pane, type Plane } from "./pane";

export type Tool = "none" | "pen" | "area" | "erase" | "fill" | "grow";
export type Millimetres = [number, number, number];
export const WINDOW: [number, number] = [0.3, 1.8]; // the commonest brain intensity is 1
const AXES: Record<Plane, [number, number, number]> = {
  all: [0, 0, 1], axial: [0, 0, 1], "3d": [0, 0, 1], coronal: [0, 1, 0], sagittal: [1, 0, 0],
};

export class Viewer {
  readonly element = h("div", { class: "canvases" });
  private readonly main: Pane;
  private readonly beside = new Map<string, Pane>();
  private readonly overlays = new Map<Overlay, NVImage>();
  private readonly opacities = new Map<Overlay, number>();
  private threshold = 0.01;
  private anatomy: NVImage | null = null;
  private saved: Uint8Array | null = null;
  private tool: Tool = "none";
  private plane: Plane = "all";
  private radiological = true;
  private opacity = OUTLINE;
  private hidden = false;
  private closed = false;
  onchange: () => void = () => undefined;
  onplace: (text: string) => void = () => undefined;
  onwindow: (low: number, high: number) => void = () => undefined;

  constructor(
    private readonly id: string,
    private readonly words: Words,
  ) {
    this.main = takePane(words.images.flair!);
    this.element.append(this.main.element);
    const { view } = this.main;
    view.onLocationChange = (place) => {
      this.onplace(this.said(place as Place));
      this.follow();
    };
    view.onDrawingChanged = () => this.onchange();
    view.onIntensityChange = (image) => {
      if (image === view.volumes[0]) this.onwindow(image.cal_min!, image.cal_max!);
    };
  }

  /** Show the FLAIR; everything else comes after the first slice can be looked at. */
  async open(): Promise<void> {
    await this.main.show(this.url("flair"), WINDOW);
    this.element.dataset.shown = "flair";
  }

  /** Load what lies on the FLAIR, and the names of the regions. */
  async complete(outline: string, hasAnatomy: boolean): Promise<void> {
    await this.loadOutline(outline);
    this.element.dataset.shown = "all";
    if (hasAnatomy) this.anatomy = await loaded(this.url("anatomy"));
    if (!this.closed) this.main.view.createOnLocationChange(); // now with the name of the region
  }

  /** Nobody looks any more; the outline can still be had until it is closed. */
  rest(): void {
    this.closed = true;
    for (const pane of this.panes()) pane.rest();
  }

  close(): void {
    for (const pane of this.panes()) pane.close();
  }

  setPlane(plane: Plane): void {
    this.plane = plane;
    for (const pane of this.panes()) pane.setPlane(plane);
  }

  setRadiological(yes: boolean): void {
    this.radiological = yes;
    for (const pane of this.panes()) pane.view.setRadiologicalConvention(yes);
  }

  setWindow(low: number, high: number): void {
    const flair = this.main.view.volumes[0];
    if (!flair) return;
    [flair.cal_min, flair.cal_max] = [low, high];
    const prior = this.beside.get("prior")?.view;
    if (prior?.volumes[0]) {
      [prior.volumes[0].cal_min, prior.volumes[0].cal_max] = [low, high];
      prior.updateGLVolume();
    }
    this.main.view.updateGLVolume();
  }

  setOutlineOpacity(share: number): void {
    this.opacity = share;
    this.hidden = false;
    this.main.showOutline(share);
  }

  /** Look beneath the outline, and back. */
  toggleOutline(): void {
    this.hidden = !this.hidden;
    this.main.showOutline(this.hidden ? 0 : this.opacity);
    this.beside.get("prior")?.showOutline(this.hidden ? 0 : OUTLINE);
  }

  /** Show another image beside the FLAIR, or put it away. */
  async setBeside(name: string, shown: boolean): Promise<void> {
    const there = this.beside.get(name);
    if (shown === !!there) return;
    if (there) {
      there.close();
      this.beside.delete(name);
    } else {
      await this.addBeside(name);
    }
    this.arrange();
  }

  async setOverlay(name: Overlay, opacity: number): Promise<void> {
    this.opacities.set(name, opacity);
    if (!this.overlays.has(name)) {
      if (!opacity) return;
      const image = await loaded(this.url(name));
      if (!this.overlays.has(name)) this.lay(name, image);
    }
    const place = this.main.view.volumes.indexOf(this.overlays.get(name)!);
    this.main.view.setOpacity(place, this.opacities.get(name)!); // the slider may have moved on
  }

  private lay(name: Overlay, image: NVImage): void {
    colour(name, image, this.words);
    if (name === "probability") image.cal_min = this.threshold;
    this.overlays.set(name, image);
    this.main.view.addVolume(image);
  }

  /** Show only probabilities from here on. */
  setThreshold(share: number): void {
    this.threshold = share;
    const overlay = this.overlays.get("probability");
    if (!overlay) return;
    overlay.cal_min = share;
    this.main.view.updateGLVolume();
  }

  /** Put the crosshair at a place in RAS+ millimetres. */
  goTo(mm: Millimetres): void {
    const { view } = this.main;
    view.scene.crosshairPos = view.mm2frac(mm);
    view.createOnLocationChange();
    view.drawScene();
  }

  /** Go through the slices of the plane that is shown. */
  step(slices: number): void {
    const [x, y, z] = AXES[this.plane].map((share) => share * slices) as Millimetres;
    this.main.view.moveCrosshairInVox(x, y, z);
  }

  // --- the outline -------------------------------------------------------------------------------

  async loadOutline(url: string): Promise<void> {
    await this.main.outline(url);
    this.saved = this.drawing().slice();
  }

  /** Go on with an outline that is not yet a decision. */
  async takeDraft(url: string): Promise<void> {
    const saved = this.saved;
    await this.loadOutline(url);
    this.saved = saved;
    this.onchange();
  }

  get edited(): boolean {
    const drawing = this.main.view.drawBitmap;
    return !!drawing && !!this.saved && drawing.some((value, i) => (value > 0) !== (this.saved![i]! > 0));
  }

  setTool(tool: Tool, penSize: number): void {
    this.tool = tool;
    const { view } = this.main;
    const drawing = tool === "pen" || tool === "area" || tool === "erase";
    if (drawing && this.hidden) this.toggleOutline();
    view.opts.penSize = penSize;
    view.setDrawingEnabled(drawing);
    if (drawing) view.setPenValue(tool === "erase" ? 0 : 1, tool === "area");
  }

  /** Fill from the crosshair: what is connected and at least as bright, in the slice or in 3-D. */
  growHere(atLeast: number, radius: number): number {
    const { drawBitmap, volumes, scene } = this.main.view;
    if (!drawBitmap || (this.tool !== "fill" && this.tool !== "grow")) return 0;
    const flair = volumes[0]!;
    const [, nx, ny, nz] = flair.dimsRAS!;
    const [, dx, dy, dz] = flair.pixDimsRAS!;
    const [x, y, z] = this.main.view.frac2vox(scene.crosshairPos) as unknown as Millimetres;
    const box = { size: [nx!, ny!, nz!], spacing: [dx!, dy!, dz!] } as Parameters<typeof grown>[1];
    const { scl_slope, scl_inter } = flair.hdr!; // the voxels are as stored, not as scaled
    const stored = (atLeast - scl_inter) / (scl_slope || 1);
    const found = grown(flair.img2RAS(), box, [x, y, z], stored, radius, this.tool === "fill");
    for (const i of found) drawBitmap[i] = 1;
    this.redrawn();
    return found.length;
  }

  undo(): void {
    this.main.view.drawUndo();
    this.onchange();
  }

  discard(): void {
    if (!this.saved) return;
    this.drawing().set(this.saved);
    this.redrawn();
  }

  /** The outline as gzipped NIfTI, in the voxel order of the scan. */
  async outline(): Promise<Uint8Array> {
    const bytes = await this.main.view.saveImage({ filename: "", isSaveDrawing: true, volumeByIndex: 0 });
    if (!(bytes instanceof Uint8Array)) throw new Error("The outline could not be written.");
    const zipped = new Blob([bytes as BlobPart]).stream().pipeThrough(new CompressionStream("gzip"));
    return new Uint8Array(await new Response(zipped).arrayBuffer());
  }

  private redrawn(): void {
    this.main.view.drawAddUndoBitmap();
    this.main.view.refreshDrawing(true);
    this.onchange();
  }

  private drawing(): Uint8Array {
    if (!this.main.view.drawBitmap) this.main.view.createEmptyDrawing();
    return this.main.view.drawBitmap!;
  }

  // --- images beside the FLAIR -------------------------------------------------------------------

  private async addBeside(name: string): Promise<void> {
    const pane = takePane(this.words.images[name] ?? name);
    this.beside.set(name, pane);
    this.element.append(pane.element);
    this.arrange();
    const [low, high] = [this.main.view.volumes[0]!.cal_min!, this.main.view.volumes[0]!.cal_max!];
    await pane.show(this.url(name), name === "prior" ? [low, high] : undefined);
    if (name === "prior") await pane.outline(this.url("prior_mask"));
    if (this.closed) return pane.close();
    pane.view.setRadiologicalConvention(this.radiological);
    pane.setPlane(this.plane);
    pane.view.onLocationChange = () => this.lead(pane);
    this.follow();
  }

  /**
   * Bring the other panes to where the FLAIR is: all of them lie on its grid. NiiVue's own link is
   * not used: it works for the pane with the focus alone, and answers itself without end.
   */
  private follow(): void {
    for (const { view } of this.beside.values()) {
      view.scene.crosshairPos = [...this.main.view.scene.crosshairPos] as typeof view.scene.crosshairPos;
      if (view.volumes.length) view.drawScene();
    }
  }

  /** Bring the FLAIR, and so the others, to where somebody went in another pane. */
  private lead(pane: Pane): void {
    const { view } = this.main;
    const there = [...pane.view.scene.crosshairPos] as typeof view.scene.crosshairPos;
    const moved = [0, 1, 2].some((i) => Math.abs(there[i]! - view.scene.crosshairPos[i]!) > 1e-6);
    if (!moved) return;
    view.scene.crosshairPos = there;
    view.createOnLocationChange();
    view.drawScene();
  }

  /** As near to a square of panes as their number allows. */
  private arrange(): void {
    this.element.style.setProperty("--columns", String(Math.ceil(Math.sqrt(this.panes().length))));
  }

  private panes(): Pane[] {
    return [this.main, ...this.beside.values()];
  }

  private url(name: string): string {
    return imageUrl(this.id, name);
  }

  private said({ mm, values }: Place): string {
    const [x, y, z] = mm.map((value) => Math.round(value)) as Millimetres;
    const place = [
      `${Math.abs(x)} mm ${x < 0 ? "left" : "right"}`,
      `${Math.abs(y)} mm ${y < 0 ? "behind" : "in front"}`,
      `${Math.abs(z)} mm ${z < 0 ? "below" : "above"}`,
    ].join(", ");
    const label = this.anatomy ? this.anatomy.getValue(...(values[0]!.vox as Millimetres)) : 0;
    const region = this.words.labels[String(label)];
    return [region, `FLAIR ${values[0]?.value.toFixed(2) ?? "–"}`, `from the scanner's middle: ${place}`]
      .filter(Boolean).join(" · ");
  }
}

interface Place {
  mm: number[];
  values: { value: number; vox: number[] }[];
}
