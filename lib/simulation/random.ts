/** 32-bit FNV-1a (Fowler, Noll, Vo) of a text: names seeds. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/**
 * A number in (0, 1) that depends on seed and index only, so that any moment of a simulation can be computed without the
 * ones before it. The mixing is MurmurHash3's finaliser (Appleby), which is in the public domain.
 */
export function uniform(seed: number, index: number): number {
  let h = (seed ^ Math.imul(index | 0, 0x9e3779b1)) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (((h ^ (h >>> 16)) >>> 0) + 0.5) / 2 ** 32;
}

/** A standard normal number by seed and index (Box and Muller 1958). */
export function gaussian(seed: number, index: number): number {
  const radius = Math.sqrt(-2 * Math.log(uniform(seed, 2 * index)));
  return radius * Math.cos(2 * Math.PI * uniform(seed, 2 * index + 1));
}

/** A smooth curve within [-1, 1] through random points one unit apart. */
export function wander(seed: number, position: number): number {
  const left = Math.floor(position);
  const at = position - left;
  const weight = at * at * (3 - 2 * at);
  const from = 2 * uniform(seed, left) - 1;
  const to = 2 * uniform(seed, left + 1) - 1;
  return from + (to - from) * weight;
}
