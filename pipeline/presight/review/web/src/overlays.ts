// What can be laid over the FLAIR, and in which colours.
import type { NVImage } from "@niivue/niivue";
import type { Words } from "./api";

export type Overlay = "probability" | "uncertainty" | "anatomy" | "change";
export const OVERLAYS: Record<Overlay, string> = {
  probability: "Probability",
  uncertainty: "Uncertainty",
  anatomy: "Regions",
  change: "Change",
};

/** Give an overlay its colours and the range that they stand for. */
export function colour(name: Overlay, image: NVImage, words: Words): void {
  if (name === "anatomy") image.setColormapLabel(table(regionColours(words.labels)));
  else if (name === "change") image.setColormapLabel(table(words.changes));
  else {
    image.colormap = name === "probability" ? "warm" : "cool";
    [image.cal_min, image.cal_max] = name === "probability" ? [0.01, 1] : [1, 100];
  }
}

type Coloured = { name: string; colour: string };

function table(entries: Record<string, Coloured>): Parameters<NVImage["setColormapLabel"]>[0] {
  const numbers = ["0", ...Object.keys(entries)];
  const rgb = numbers.map((i) => channels(entries[i]?.colour ?? "#000000"));
  return {
    I: numbers.map(Number),
    R: rgb.map(([r]) => r!),
    G: rgb.map(([, g]) => g!),
    B: rgb.map(([, , b]) => b!),
    A: numbers.map((i) => (i === "0" ? 0 : 255)),
    labels: numbers.map((i) => entries[i]?.name ?? ""),
  };
}

function channels(colour: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
}

/** Neighbouring numbers get hues far apart: the golden angle. */
function regionColours(labels: Record<string, string>): Record<string, Coloured> {
  const entries = Object.entries(labels).map(([i, name], at) =>
    [i, { name, colour: hue((at * 137.508) % 360) }] as const);
  return Object.fromEntries(entries);
}

function hue(degrees: number): string {
  const part = (offset: number): string => {
    const k = (offset + degrees / 30) % 12;
    const light = 0.55 - 0.28 * Math.max(-1, Math.min(k - 3, 9 - k, 1));
    return Math.round(light * 255).toString(16).padStart(2, "0");
  };
  return `#${part(0)}${part(8)}${part(4)}`;
}
