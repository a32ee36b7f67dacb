// One canvas of NiiVue with one image.
import { DRAG_MODE, MULTIPLANAR_TYPE, NVImage, Niivue, SHOW_RENDER, SLICE_TYPE } from "@niivue/niivue";
import { h } from "./dom";
import { bytes } from "./images";

export type Plane = "all" | "axial" | "coronal" | "sagittal" | "3d";
export const OUTLINE = 0.2;
const RIM = 0.9;
const PLANES: Record<Plane, SLICE_TYPE> = {
  all: SLICE_TYPE.MULTIPLANAR,
  axial: SLICE_TYPE.AXIAL,
  coronal: SLICE_TYPE.CORONAL,
  sagittal: SLICE_TYPE.SAGITTAL,
  "3d": SLICE_TYPE.RENDER,
};

export class Pane {
  readonly view = made();
  readonly element: HTMLElement;
  private readonly canvas: HTMLCanvasElement;

  constructor(name: string) {
    this.canvas = h("canvas", { "aria-label": `${name} images`, tabindex: "0" });
    this.element = h("div", { class: "canvas" }, this.canvas, h("span", { class: "tag" }, name));
  }

  /** Load the image that everything else in this pane lies on. The element has to be in the page. */
  async show(url: string, range?: [number, number]): Promise<void> {
    const [image] = await Promise.all([loaded(url), this.view.attachToCanvas(this.canvas)]);
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
    this.view.setSliceType(PLANES[plane]);
  }

  close(): void {
    this.view.gl?.getExtension("WEBGL_lose_context")?.loseContext();
    this.element.remove();
  }
}

export async function loaded(url: string): Promise<NVImage> {
  return NVImage.loadFromUrl({ url: await bytes(url), name: "image.nii.gz", colormap: "gray" });
}

function made(): Niivue {
  return new Niivue({
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
    dragAndDropEnabled: false,
    drawOpacity: OUTLINE,
    drawRimOpacity: RIM,
    logLevel: "error",
  } as ConstructorParameters<typeof Niivue>[0]);
}
