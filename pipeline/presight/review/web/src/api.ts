// What the page asks the server for.

export type Label = "pres" | "toxic_leukoencephalopathy" | "other" | "no_finding";
export type Shares = Record<Label, number>;

export interface Me {
  name: string;
  role: "reader" | "reviewer" | "admin";
  csrf: string;
}

export interface Row {
  id: string;
  subject: string;
  session: string;
  label: string;
  pres: number;
  toxic: number;
  alerts: number;
  uncertainty: number | null;
  lesion_ml: number | null;
  doubts: number;
  date: string;
  state: string;
  reviewer: string | null;
  decided: string | null;
  open_by: string[];
}

export interface Worklist {
  total: number;
  rows: Row[];
  progress: Record<string, number>;
  reviewers: string[];
}

export interface Weight {
  feature: string;
  group: string;
  present: Shares;
  absent: Shares;
  read_from: string[];
  grades: (number | null)[];
}

export interface Contribution {
  feature: string;
  name: string;
  value: string;
  log_lr: Shares;
  source: string[];
  quality: string;
  note: string;
}

export interface Criterion {
  name: string;
  items: { text: string; state: string; needed: boolean }[];
  result: string | null;
  note: string;
  source: string[];
}

export interface Assessment {
  classification: {
    label: string;
    probabilities: Shares;
    interval: Record<Label, { low: number; high: number }>;
    interval_mass: number;
    prior: Shares;
    contributions: Contribution[];
    because: string;
    weights: Weight[];
  };
  differential: { name: string; why: string; settles: string; source: string[] }[];
  alerts: { text: string; because: string; source: string[] }[];
  recommendations: {
    kind: string;
    action: string;
    window_days: [number, number] | null;
    urgency: string;
    because: string;
    source: string[];
    against: string;
  }[];
  missing: { feature: string; name: string; effect: string }[];
  laboratory: { name: string; value: string; reading: string; note: string; source: string[] }[];
  criteria: Criterion[];
  subtypes: Criterion[];
  severity: { grade: string | null; because: string };
  trend: string | null;
  sources: Record<string, string>;
}

export interface Findings {
  lesion_ml: number | null;
  lesion_count: number | null;
  brain_ml: number | null;
  uncertainty: number | null;
  regions: { region: string; side: string; lesion_ml: number; region_ml: number }[];
  lesions?: {
    number: number;
    volume_ml: number;
    region: string;
    side: string;
    centre_mm: [number, number, number];
  }[];
  quality_doubts: string[];
  pattern?: string | null;
}

/** What became of the lesions since the prior study. */
export interface Change {
  before: string;
  days: number | null;
  before_ml: number;
  after_ml: number;
  error_percent: number | null;
  trend: string | null;
  volume_ml: Record<string, number>;
}

export type Clinical = Record<string, unknown>;

export interface Entry {
  seq: number;
  at: string;
  actor: string;
  kind: string;
  study: string | null;
  hash: string;
  content: Record<string, any>;
}

export interface Standing {
  version: number;
  state: string;
  reviewer: string | null;
}

export interface Study {
  name: string;
  assessment: Assessment;
  findings: Findings;
  clinical: Clinical | null;
  run: Assessment["classification"] | null; // the run's own, where an edit stands in its place
  change: Change | null;
  images: string[];
  seen: Record<string, string>;
  standing: Standing;
  history: Entry[];
  others: string[];
  draft: string | null;
}

export interface Rescored {
  assessment: Assessment;
  findings: Findings;
  clinical: Clinical;
  changed: Record<string, any>;
}

export interface Words {
  decisions: Record<string, { said: string; becomes: string | null }>;
  states: Record<string, string>;
  reasons: Record<string, string>;
  classes: Record<string, { name: string; short: string }>;
  verdicts: Record<string, string>;
  urgency: Record<string, string>;
  kinds: Record<string, string>;
  contrasts: Record<string, string>;
  regions: Record<string, string>;
  images: Record<string, string>;
  labels: Record<string, string>;
  changes: Record<string, { name: string; colour: string }>;
  fields: Record<string, Field>;
}

export interface Field {
  label: string;
  kind: string;
  unit: string | null;
  range: [number, number] | null;
  choices: Record<string, unknown> | null;
}

/** The visits of a patient and the values of the record over them. */
export interface Course {
  visits: {
    id: string;
    session: string;
    day: number | null;
    here: boolean;
    label: string | null;
    probabilities: Shares | null;
    lesion_ml: number | null;
  }[];
  values: {
    field: string;
    label: string;
    unit: string;
    points: (number | null)[];
    ranges: { low: number | null; high: number | null; label: string; source: string[] }[];
  }[];
  sources: Record<string, string>;
}

/** Why the server did not do something, in its own words. */
export class Refused extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

let csrf = "";

export function knowMe(me: Me): void {
  csrf = me.csrf;
}

export async function ask<T>(path: string, body?: unknown, method?: string): Promise<T> {
  const answer = await send(path, body, method);
  return (await answer.json()) as T;
}

async function send(path: string, body?: unknown, method?: string): Promise<Response> {
  const raw = body instanceof Uint8Array;
  const answer = await fetch(`/api/${path}`, {
    method: method ?? (body === undefined ? "GET" : "POST"),
    headers: {
      "X-CSRF-Token": csrf,
      ...(body === undefined || raw ? {} : { "Content-Type": "application/json" }),
    },
    body: body === undefined ? null : raw ? (body as BodyInit) : JSON.stringify(body),
  });
  if (!answer.ok) throw new Refused(await reason(answer), answer.status);
  return answer;
}

async function reason(answer: Response): Promise<string> {
  try {
    return String((await answer.json()).error ?? answer.statusText);
  } catch {
    return `The server answered ${answer.status}.`;
  }
}
