// A value over the visits of a patient, on the ranges that it is seen against.
import { svg } from "./dom";

export interface Point {
  x: number; // any scale that all charts of a patient share
  y: number;
  here: boolean;
  said: string;
}

interface Band {
  low: number | null;
  high: number | null;
}

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [360, 84, 40, 14, 16, 6];

export function chart(points: Point[], bands: Band[], span: [number, number], title: string): SVGElement {
  const [low, high] = extent(points, bands);
  const x = (value: number): number =>
    span[0] === span[1] ? (LEFT + WIDTH - RIGHT) / 2
      : LEFT + 8 + ((value - span[0]) / (span[1] - span[0])) * (WIDTH - LEFT - RIGHT - 16);
  const y = (value: number): number => HEIGHT - BOTTOM - ((value - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const inside = (value: number): number => Math.max(low, Math.min(high, value));
  const line = points.map((point) => `${x(point.x)},${y(point.y)}`).join(" ");
  return svg("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": title },
    ...bands.map((band) => {
      const [top, bottom] = [y(inside(band.high ?? high)), y(inside(band.low ?? low))];
      return svg("rect", { class: "band", x: LEFT, y: top, width: WIDTH - LEFT - RIGHT, height: Math.max(1, bottom - top) });
    }),
    svg("line", { class: "axis", x1: LEFT, x2: LEFT, y1: TOP - 4, y2: HEIGHT - BOTTOM }),
    tick(high, y), tick(low, y),
    svg("polyline", { class: "line", points: line }),
    ...points.flatMap((point) => [
      svg("circle", { class: point.here ? "point here" : "point", cx: x(point.x), cy: y(point.y), r: point.here ? 4 : 3 },
        svg("title", {}, point.said)),
      svg("text", { class: "value", x: x(point.x), y: y(point.y) - 6, "text-anchor": anchor(x(point.x)) }, short(point.y)),
    ]));
}

/** All points, and as much of the ranges as leaves them a place. */
function extent(points: Point[], bands: Band[]): [number, number] {
  const ends = bands.flatMap((band) => [band.low, band.high]).filter((end) => end !== null);
  const all = [...points.map((point) => point.y), ...ends];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const room = (high - low || Math.abs(high) || 1) * 0.12;
  return [low >= 0 ? Math.max(0, low - room) : low - room, high + room];
}

function tick(value: number, y: (value: number) => number): SVGElement {
  return svg("text", { class: "tick", x: LEFT - 4, y: y(value) + 3, "text-anchor": "end" }, short(value));
}

function anchor(x: number): string {
  return x > WIDTH - 40 ? "end" : x < LEFT + 30 ? "start" : "middle";
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
