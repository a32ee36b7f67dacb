// How numbers are said, as in report/wording.py.

export function percent(share: number): string {
  const whole = Math.round(share * 100);
  const limit = whole === 0 && share > 0 ? "<1" : whole === 100 && share < 1 ? ">99" : whole;
  return `${limit}\u00a0%`;
}

export function volume(ml: number | null | undefined): string {
  if (ml === null || ml === undefined) return "–";
  if (ml > 0 && ml < 0.01) return "<0.01";
  if (ml > 0 && ml < 1) return ml.toFixed(2);
  return ml > 0 && ml < 100 ? ml.toFixed(1) : ml.toFixed(0);
}

export function factor(logRatio: number): string {
  if (Math.abs(logRatio) < 0.005) return "×1";
  const ratio = Math.exp(Math.abs(logRatio));
  const digits = ratio < 1.1 ? 2 : ratio < 10 ? 1 : 0;
  return `${logRatio > 0 ? "×" : "÷"}${ratio.toFixed(digits)}`;
}

export function when(at: string | null): string {
  return at ? at.slice(0, 16).replace("T", " ") : "";
}

export function window_(days: [number, number] | null): string {
  if (!days) return "";
  const [low, high] = days;
  const [size, unit] =
    high < 1 ? [1 / 24, "hour"] : low % 7 === 0 && high % 7 === 0 ? [7, "week"] : [1, "day"];
  const [first, last] = [low / size, high / size].map((n) => String(Number(n.toPrecision(6))));
  const plural = last === "1" ? "" : "s";
  if (low === 0) return `within ${last}\u00a0${unit}${plural}`;
  return `in ${first === last ? last : `${first} to ${last}`}\u00a0${unit}${plural}`;
}
