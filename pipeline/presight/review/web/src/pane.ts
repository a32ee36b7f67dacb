// One canvas of NiiVue with one image.
import { DRAG_MODE, MULTIPLANAR_TYPE, NVImage, Niivue, SHOW_RENDER, SLICE_TYPE } from "@niivue/niivue";
import { h } from "./dom";
import { bytes } from "./images";

export type Plane = "all" | "axial" | "coronal" | "sagittal" | "3d";
export const OUTLINE = 0.2;
const RIM = 0.9;
const LEAST_PX = 64;
const CROSS_MM = 0.6; // width of the lines on a canvas of at most this height
const CROSS_PX = 600;
const GAP_MM = 3.6; // from the middle to where the lines begin
const PLANES: Record<Plane, SLICE_TYPE> = {
  all: SLICE_TYPE.MULTIPLANAR,
  axial: SLICE_TYPE.AXIAL,
  coronal: SLICE_TYPE.CORONAL,
  sagittal: SLICE_TYPE.SAGITTAL,
  "3d": SLICE_TYPE.RENDER,
};

let spare: Pane | null = null;

/** Have a pane ready before anybody waits for it: to compile its programs takes most of the time. */
export function preparePane(): void {
  if (spare) return;
  spare = new Pane();
  document.body.append(h("div", { class: "parked" }, spare.element));
  spare.attach().catch(() => undefined);
}

/** Take the pane that is ready, or make one. */
export function takePane(name: string): Pane {
  const pane = spare ?? new Pane();
  document.querySelector(".parked")?.remove();
  spare = null;
  pane.call(name);
  return pane;
}

export class Pane {
  readonly view = made();
  readonly element: HTMLElement;
  private readonly canvas = h("canvas", { tabindex: "0" });
  private readonly tag = h("span", { class: "tag" });
  private attached: Promise<unknown> | null = null;
  private resting = false;
  private plane: Plane = "all";

  constructor() {
    this.element = h("div", { class: "canvas" }, this.canvas, this.tag);
    const draw = this.view.drawScene.bind(this.view);
    this.view.drawScene = () => {
      if (!this.hasRoom) return;
      this.thinCross();
      draw();
    };
  }

  /** NiiVue takes its margins off the canvas: of one that has left the page, less than nothing is left. */
  private get hasRoom(): boolean {
    return this.canvas.clientWidth > LEAST_PX && this.canvas.clientHeight > LEAST_PX;
  }

  /** Lines over one large plane hide no more on a large screen than on a small one. */
  private thinCross(): void {
    const mm = this.plane === "all" ? CROSS_MM : CROSS_MM * Math.min(1, CROSS_PX / this.canvas.clientHeight);
    if (mm === this.view.opts.crosshairWidth) return;
    Object.assign(this.view.opts, { crosshairWidth: mm, crosshairGap: (2 * GAP_MM) / mm });
    if (this.view.crosshairs3D?.mm) this.view.crosshairs3D.mm[0] = NaN; // so that NiiVue makes them anew
  }

  call(name: string): void {
    this.tag.textContent = name;
    this.canvas.setAttribute("aria-label", `${name} images`);
  }

  attach(): Promise<unknown> {
    this.attached ??= canDraw()
      ? this.view.attachToCanvas(this.canvas)
      : Promise.reject(new Error("This browser shows no images: they need WebGL 2."));
    return this.attached;
  }

  /** Load the image that everything else in this pane lies on. The element has to be in the page. */
  async show(url: string, range?: [number, number]): Promise<void> {
    const [image] = await Promise.all([loaded(url), this.attach()]);
    if (range) [image.cal_min, image.cal_max] = range;
    this.view.addVolume(image);
  }

  async outline(url: string): Promise<void> {
    this.view.loadDrawing(await loaded(url));
    this.showOutline(OUTLINE);
  }

  showOutline(opacity: number): void {
    this.view.drawRimOpacity = opacity > 0 ? RIM : 0;
    this.view.setDrawOpacity(opacity);
  }

  setPlane(plane: Plane): void {
    this.plane = plane;
    this.view.setSliceType(PLANES[plane]);
  }

  /** Draw and listen no more; what was drawn on it can still be had. */
  rest(): void {
    if (!this.resting) this.view.cleanup();
    this.resting = true;
  }

  close(): void {
    this.rest();
    this.view.gl?.getExtension("WEBGL_lose_context")?.loseContext();
    this.element.remove();
  }
}

let drawable: boolean | null = null;

/** Whether the browser can draw volumes; asked once, since it has room for few contexts. */
function canDraw(): boolean {
  if (drawable === null) {
    const trial = document.createElement("canvas").getContext("webgl2");
    drawable = trial !== null;
    trial?.getExtension("WEBGL_lose_context")?.loseContext();
  }
  return drawable;
}

export async function loaded(url: string): Promise<NVImage> {
  return NVImage.loadFromUrl({ url: await bytes(url), name: "image.nii.gz", colormap: "gray", ignoreZeroVoxels: true });
}

function made(): Niivue {
  return new Niivue({
    backColor: [0, 0, 0, 1],
    crosshairColor: [0.4, 0.65, 0.95, 0.6],
    crosshairWidthUnit: "mm", // on coarse voxels as thin as on fine ones; how thin, see thinCross
    multiplanarPadPixels: 16,
    fontColor: [0.72, 0.78, 0.84, 1],
    isRadiologicalConvention: true,
    isOrientationTextVisible: true,
    showAllOrientationMarkers: true,
    multiplanarLayout: MULTIPLANAR_TYPE.AUTO,
    multiplanarShowRender: SHOW_RENDER.NEVER,
    heroImageFraction: 0.62, // the axial plane is what is read, the others tell where
    heroSliceType: SLICE_TYPE.AXIAL,
    dragMode: DRAG_MODE.contrast,
    loadingText: "",
    show3Dcrosshair: true,
    dragAndDropEnabled: false,
    drawOpacity: OUTLINE,
    drawRimOpacity: RIM,
    logLevel: "error",
  } as ConstructorParameters<typeof Niivue>[0]);
}
