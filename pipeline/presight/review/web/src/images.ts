// Images as they come over the network: each is asked for once, also before it is needed.

const MOST = 12;
const kept = new Map<string, Promise<ArrayBuffer>>();
const versions = new Map<string, string>();

/** Bytes of an image; of several askers at one time only the first goes to the server. */
export function bytes(url: string): Promise<ArrayBuffer> {
  const found = kept.get(url);
  if (found) return found;
  const asked = load(url);
  kept.set(url, asked);
  asked.catch(() => kept.delete(url));
  for (const old of [...kept.keys()].slice(0, Math.max(0, kept.size - MOST))) kept.delete(old);
  return asked;
}

/** Ask for what will be needed next; whether it comes is seen when it is needed. */
export function expect(url: string): void {
  bytes(url).catch(() => undefined);
}

/** Drop what was kept of a study if its result is another one now. */
export function know(study: string, version: string): void {
  const before = versions.get(study);
  if (before && before !== version) {
    for (const url of kept.keys()) if (url.includes(study)) kept.delete(url);
  }
  versions.set(study, version);
}

/** Patients' images do not outlive the session of who looked at them. */
export function forget(): void {
  kept.clear();
  versions.clear();
}

export function imageUrl(study: string, name: string): string {
  return `/api/studies/${study}/images/${name}.nii.gz`;
}

async function load(url: string): Promise<ArrayBuffer> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error("An image of the study could not be loaded.");
  return answer.arrayBuffer();
}
