// What is connected to a voxel and bright enough, no farther than a radius.

export interface Box {
  size: [number, number, number];
  spacing: [number, number, number]; // mm
}

/** Indices of the voxels that grow from a seed: intensity at least `atLeast`, 6-neighbourhood. */
export function grown(
  image: ArrayLike<number>,
  { size, spacing }: Box,
  seed: [number, number, number],
  atLeast: number,
  radius: number,
  inSlice: boolean,
): number[] {
  const [nx, ny, nz] = size;
  const index = (x: number, y: number, z: number): number => x + nx * (y + ny * z);
  const inside = (x: number, y: number, z: number): boolean =>
    x >= 0 && y >= 0 && z >= 0 && x < nx && y < ny && z < nz &&
    Math.hypot((x - seed[0]) * spacing[0], (y - seed[1]) * spacing[1], (z - seed[2]) * spacing[2]) <= radius;
  const steps = [[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], ...(inSlice ? [] : [[0, 0, 1], [0, 0, -1]])];
  if (!inside(...seed) || image[index(...seed)]! < atLeast) return [];
  const found = new Set([index(...seed)]);
  const front: [number, number, number][] = [seed];
  for (let at = front.pop(); at; at = front.pop()) {
    for (const step of steps) {
      const [x, y, z] = [at[0] + step[0]!, at[1] + step[1]!, at[2] + step[2]!];
      const i = index(x, y, z);
      if (found.has(i) || !inside(x, y, z) || image[i]! < atLeast) continue;
      found.add(i);
      front.push([x, y, z]);
    }
  }
  return [...found];
}
