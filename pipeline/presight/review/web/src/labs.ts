// Laboratory values, pressures and the lesion over the visits of the patient.
import { ask, type Assessment, type Course } from "./api";
import { chart, type Point } from "./chart";
import { fill, h } from "./dom";
import { percent, volume } from "./say";

type Visit = Course["visits"][number];

/** Everything over time; loaded when it is first looked at. */
export class Labs {
  readonly element = h("div", {}, h("p", { class: "quiet" }, "Loading …"));
  private asked = false;

  constructor(private readonly id: string) {}

  /** Load the visits, once, and again after an edit. */
  look(again = false): HTMLElement {
    if (!this.asked || again) void this.load();
    this.asked = true;
    return this.element;
  }

  private async load(): Promise<void> {
    try {
      fill(this.element, ...drawn(await ask<Course>(`studies/${this.id}/course`)));
    } catch (error) {
      fill(this.element, h("p", { class: "bad" }, (error as Error).message));
    }
  }
}

/** Each value in words, against ranges that may disagree. */
export function readings(assessment: Assessment, refs: (ids: string[]) => HTMLElement): HTMLElement[] {
  if (!assessment.laboratory.length) return [];
  return [
    h("h3", {}, "In words"),
    h("dl", { class: "missing" }, assessment.laboratory.flatMap((lab) => [
      h("dt", {}, `${lab.name} ${lab.value}`),
      h("dd", {}, lab.reading, lab.note ? h("p", { class: "quiet" }, lab.note) : null, " ", refs(lab.source))])),
  ];
}

function drawn(course: Course): HTMLElement[] {
  const { visits } = course;
  const dated = visits.every((visit) => visit.day !== null);
  const places = visits.map((visit, i) => (dated ? visit.day! : i));
  const span: [number, number] = [Math.min(...places), Math.max(...places)];
  const points = (values: (number | null | undefined)[]): Point[] => values.flatMap((y, i) =>
    y === null || y === undefined ? [] : [{ x: places[i]!, y, here: visits[i]!.here, said: `${visits[i]!.session || "this visit"}: ${y}` }]);
  return [
    visitList(visits, dated),
    ...(visits.length > 1 ? [
      figure("Hyperintense volume", "mL", points(visits.map((v) => v.lesion_ml)), [], span, course),
      figure("PRES", "%", points(visits.map((v) => v.probabilities && v.probabilities.pres * 100)), [], span, course),
    ] : []),
    ...course.values.map((value) => figure(value.label, value.unit, points(value.points), value.ranges, span, course)),
    h("p", { class: "quiet" }, "Shaded: published ranges that fit this visit, lighter where more sources agree. No shade: none is given here, which does not make the value normal."),
  ];
}

function visitList(visits: Visit[], dated: boolean): HTMLElement {
  const first = visits[0]?.day ?? 0;
  const said = (visit: Visit): string => {
    const day = dated && visits.length > 1 ? ` · day ${visit.day! - first}` : "";
    const share = visit.probabilities ? ` · PRES ${percent(visit.probabilities.pres)}` : "";
    return `${visit.session || "one visit"}${day} · ${volume(visit.lesion_ml)} mL${share}`;
  };
  return h("ol", { class: "visits" }, visits.map((visit) => h("li", { "aria-current": visit.here ? "true" : null },
    visit.here ? h("b", {}, said(visit)) : h("a", { href: `#/study/${visit.id}` }, said(visit)))));
}

function figure(
  label: string, unit: string, points: Point[], ranges: Course["values"][number]["ranges"],
  span: [number, number], course: Course,
): HTMLElement {
  const title = `${label} (${unit})`;
  if (points.length === 1 && !ranges.length) return h("p", { class: "course" }, `${title}: ${points[0]!.y}`);
  return h("figure", { class: "course" },
    h("figcaption", {}, title),
    points.length ? chart(points, ranges, span, title) : h("p", { class: "quiet" }, "not known"),
    ranges.length ? h("details", { class: "sources" }, h("summary", {}, ranges.length === 1 ? "range" : `${ranges.length} ranges`),
      ranges.map((range) => h("p", {}, `${ends(range)} ${unit}: ${range.label}. ${range.source.map((id) => course.sources[id] ?? id).join(" ")}`))) : null);
}

function ends({ low, high }: { low: number | null; high: number | null }): string {
  const said = (value: number): string => String(Number(value.toPrecision(3)));
  if (low === null) return `below ${said(high!)}`;
  return high === null ? `${said(low)} and above` : `${said(low)} to ${said(high)}`;
}
