/** A rectangle of the image, in percent of its width and height from the upper left corner. */
export interface Region {
  readonly name: string;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** What happens in it does not count, such as a tree or a clock; also where it overlaps others. */
  readonly ignored: boolean;
}

/** The pixels that belong to a region, of an image in rows. */
export interface RegionPixels {
  readonly name: string;
  readonly indices: Uint32Array;
}

/**
 * The pixels of each region, those of ignored ones left out. The first is the whole image, named "".
 * @throws RangeError naming the region
 */
export function regionPixels(regions: readonly Region[], width: number, height: number): RegionPixels[] {
  const ignored = new Uint8Array(width * height);
  for (const region of regions.filter((each) => each.ignored)) {
    for (const i of inside(region, width, height)) ignored[i] = 1;
  }
  const whole: Region = { name: "", left: 0, top: 0, width: 100, height: 100, ignored: false };
  return [whole, ...regions.filter((each) => !each.ignored)].map((region) => ({
    name: region.name,
    indices: Uint32Array.from(inside(region, width, height)).filter((i) => ignored[i] === 0),
  }));
}

/** @throws RangeError naming the region and what is wrong with it */
export function checkRegions(regions: readonly Region[]): readonly Region[] {
  const names = new Set<string>();
  for (const { name, left, top, width, height, ignored } of regions) {
    const fits = left >= 0 && top >= 0 && width > 0 && height > 0 && left + width <= 100.001 && top + height <= 100.001;
    if (!fits) {
      throw new RangeError(
        `region ${name}: expected a part of the image in percent, left + width and top + height to 100`,
      );
    }
    if (!ignored && names.has(name)) throw new RangeError(`region ${name}: expected each name once`);
    if (!ignored) names.add(name);
  }
  return regions;
}

function* inside({ left, top, width, height }: Region, columns: number, rows: number): Generator<number> {
  const right = Math.min(columns, Math.round(((left + width) / 100) * columns));
  const bottom = Math.min(rows, Math.round(((top + height) / 100) * rows));
  for (let y = Math.round((top / 100) * rows); y < bottom; y++) {
    for (let x = Math.round((left / 100) * columns); x < right; x++) yield y * columns + x;
  }
}
