// The images: one NiiVue for the FLAIR with its overlays, and one for each further contrast, linked.
import { DRAG_MODE, MULTIPLANAR_TYPE, NVImage, Niivue, SHOW_RENDER, SLICE_TYPE } from "@niivue/niivue";
import { h } from "./dom";
import { grown } from "./grow";

export type Plane = "all" | "axial" | "coronal" | "sagittal" | "3d";
export type Tool = "none" | "pen" | "area" | "erase" | "fill" | "grow";

const PLANES: Record<Plane, SLICE_TYPE> = {
  all: SLICE_TYPE.MULTIPLANAR,
  axial: SLICE_TYPE.AXIAL,
  coronal: SLICE_TYPE.CORONAL,
  sagittal: SLICE_TYPE.SAGITTAL,
  "3d": SLICE_TYPE.RENDER,
};
const OVERLAYS = { probability: "warm", uncertainty: "cool", anatomy: "random", change: "actc" } as const;
const RANGES = {
  probability: { cal_min: 0.01, cal_max: 1 },
  uncertainty: { cal_min: 1, cal_max: 100 }, // percent
  anatomy: {},
  change: {},
};
export type Overlay = keyof typeof OVERLAYS;
export const OUTLINE = 0.2;
export const WINDOW: [number, number] = [0.3, 1.8]; // the commonest brain intensity is 1

export class Viewer {
  readonly element = h("div", { class: "canvases" });
  private readonly main = made();
  private readonly linked: Niivue[] = [];
  private readonly shown = new Map<Overlay, NVImage>();
  private saved: Uint8Array | null = null;
  private tool: Tool = "none";
  onchange: () => void = () => undefined;
  onplace: (text: string) => void = () => undefined;

  constructor(private readonly base: string) {
    this.main.onLocationChange = (place) =>
      this.onplace(said(place as { mm: number[]; values: { value: number }[] }));
    this.main.onDrawingChanged = () => this.onchange();
  }

  async open(images: string[], outline: string): Promise<void> {
    const others = images.filter((name) => ["adc", "dwi", "t1", "swi"].includes(name));
    await this.show(this.main, "flair", WINDOW);
    this.element.dataset.shown = "flair";
    await Promise.all(others.map((name) => this.addLinked(name)));
    this.link();
    await this.loadOutline(outline);
    this.element.dataset.shown = "all";
  }

  close(): void {
    for (const one of [this.main, ...this.linked]) {
      one.gl?.getExtension("WEBGL_lose_context")?.loseContext();
    }
  }

  setPlane(plane: Plane): void {
    for (const one of [this.main, ...this.linked]) one.setSliceType(PLANES[plane]);
  }

  setRadiological(yes: boolean): void {
    for (const one of [this.main, ...this.linked]) one.setRadiologicalConvention(yes);
  }

  setWindow(low: number, high: number): void {
    const flair = this.main.volumes[0]!;
    [flair.cal_min, flair.cal_max] = [low, high];
    this.main.updateGLVolume();
  }

  setOutlineOpacity(share: number): void {
    this.main.setDrawOpacity(share);
  }

  async setOverlay(name: Overlay, opacity: number): Promise<void> {
    let overlay = this.shown.get(name);
    if (!overlay) {
      if (!opacity) return;
      overlay = await NVImage.loadFromUrl({
        url: this.url(name),
        name: `${name}.nii.gz`,
        colormap: OVERLAYS[name],
        opacity,
        ...RANGES[name],
      });
      this.shown.set(name, overlay);
      this.main.addVolume(overlay);
    }
    this.main.setOpacity(this.main.volumes.indexOf(overlay), opacity);
  }

  /** Show only probabilities from here on. */
  setThreshold(share: number): void {
    const overlay = this.shown.get("probability");
    if (!overlay) return;
    overlay.cal_min = share;
    this.main.updateGLVolume();
  }

  /** Put the crosshair at a place in RAS+ millimetres. */
  goTo(mm: [number, number, number]): void {
    this.main.scene.crosshairPos = this.main.mm2frac(mm);
    this.main.createOnLocationChange();
    this.main.drawScene();
    this.main.sync();
  }

  step(slices: number): void {
    this.main.moveCrosshairInVox(0, 0, slices);
    this.main.sync();
  }

  async loadOutline(url: string): Promise<void> {
    const image = await NVImage.loadFromUrl({ url, name: "outline.nii.gz" });
    this.main.loadDrawing(image);
    this.main.setDrawOpacity(OUTLINE);
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
    const drawing = this.main.drawBitmap;
    return !!drawing && !!this.saved && drawing.some((value, i) => (value > 0) !== (this.saved![i]! > 0));
  }

  setTool(tool: Tool, penSize: number): void {
    this.tool = tool;
    const drawing = tool === "pen" || tool === "area" || tool === "erase";
    this.main.opts.penSize = penSize;
    this.main.setDrawingEnabled(drawing);
    if (drawing) this.main.setPenValue(tool === "erase" ? 0 : 1, tool === "area");
  }

  /** Fill from the crosshair: what is connected and at least as bright, in the slice or in 3-D. */
  growHere(atLeast: number, radius: number): number {
    const { drawBitmap, volumes, scene } = this.main;
    if (!drawBitmap || (this.tool !== "fill" && this.tool !== "grow")) return 0;
    const flair = volumes[0]!;
    const [, nx, ny, nz] = flair.dimsRAS!;
    const [, dx, dy, dz] = flair.pixDimsRAS!;
    const seed = this.main.frac2vox(scene.crosshairPos) as unknown as [number, number, number];
    const box = { size: [nx!, ny!, nz!], spacing: [dx!, dy!, dz!] } as const;
    const found = grown(
      flair.img2RAS(),
      { size: [...box.size], spacing: [...box.spacing] },
      [seed[0], seed[1], seed[2]],
      atLeast,
      radius,
      this.tool === "fill",
    );
    for (const i of found) drawBitmap[i] = 1;
    this.main.drawAddUndoBitmap();
    this.main.refreshDrawing(true);
    this.onchange();
    return found.length;
  }

  undo(): void {
    this.main.drawUndo();
    this.onchange();
  }

  discard(): void {
    this.drawing().set(this.saved!);
    this.main.drawAddUndoBitmap();
    this.main.refreshDrawing(true);
    this.onchange();
  }

  /** The outline as gzipped NIfTI, in the voxel order of the scan. */
  async outline(): Promise<Uint8Array> {
    const bytes = await this.main.saveImage({ filename: "", isSaveDrawing: true, volumeByIndex: 0 });
    if (!(bytes instanceof Uint8Array)) throw new Error("The outline could not be written.");
    const zipped = new Blob([bytes as BlobPart]).stream().pipeThrough(new CompressionStream("gzip"));
    return new Uint8Array(await new Response(zipped).arrayBuffer());
  }

  private drawing(): Uint8Array {
    if (!this.main.drawBitmap) this.main.createEmptyDrawing();
    return this.main.drawBitmap!;
  }

  private async addLinked(name: string): Promise<void> {
    const one = made();
    this.linked.push(one);
    await this.show(one, name);
  }

  private async show(one: Niivue, name: string, range?: [number, number]): Promise<void> {
    const canvas = h("canvas", { "aria-label": `${name} images`, tabindex: "0" });
    const tile = h("div", { class: "canvas" }, canvas, h("span", { class: "tag" }, name.toUpperCase()));
    this.element.append(tile);
    await one.attachToCanvas(canvas);
    await one.loadVolumes([
      {
        url: this.url(name),
        name: `${name}.nii.gz`,
        colormap: "gray",
        ...(range ? { cal_min: range[0], cal_max: range[1] } : {}),
      },
    ]);
  }

  private link(): void {
    const all = [this.main, ...this.linked];
    for (const one of all) one.broadcastTo(all.filter((other) => other !== one));
  }

  private url(name: string): string {
    return `${this.base}/images/${name}.nii.gz`;
  }
}

function said({ mm, values }: { mm: number[]; values: { value: number }[] }): string {
  const [x, y, z] = mm.map((value) => Math.round(value)) as [number, number, number];
  const place = [
    `${Math.abs(x)} mm ${x < 0 ? "left" : "right"}`,
    `${Math.abs(y)} mm ${y < 0 ? "behind" : "in front"}`,
    `${Math.abs(z)} mm ${z < 0 ? "below" : "above"}`,
  ].join(", ");
  return `${place} of the scanner's middle · intensity ${values[0]?.value.toFixed(2) ?? "–"}`;
}

function made(): Niivue {
  const one = new Niivue({
    backColor: [0, 0, 0, 1],
    crosshairColor: [0.4, 0.65, 0.95, 0.6],
    crosshairWidth: 1,
    multiplanarPadPixels: 16,
    crosshairGap: 12,
    fontColor: [0.72, 0.78, 0.84, 1],
    isRadiologicalConvention: true,
    isOrientationTextVisible: true,
    showAllOrientationMarkers: true,
    multiplanarLayout: MULTIPLANAR_TYPE.AUTO,
    multiplanarShowRender: SHOW_RENDER.NEVER,
    dragMode: DRAG_MODE.contrast,
    loadingText: "",
    show3Dcrosshair: true,
    drawOpacity: OUTLINE,
    drawRimOpacity: 0.9,
    logLevel: "error",
  } as ConstructorParameters<typeof Niivue>[0]);
  return one;
}

