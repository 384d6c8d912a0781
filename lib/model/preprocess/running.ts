/** Exponentially weighted means of all series. */
export class Smooth {
  readonly values: Float64Array;

  constructor(
    readonly span: number,
    series: number,
  ) {
    this.values = new Float64Array(series).fill(Number.NaN);
  }

  push(now: Float64Array): void {
    const alpha = 2 / (this.span + 1);
    for (let s = 0; s < now.length; s++) {
      const value = now[s]!;
      if (Number.isNaN(value)) continue;
      const before = this.values[s]!;
      this.values[s] = Number.isNaN(before) ? value : before + alpha * (value - before);
    }
  }

  of(series: number): number {
    return this.values[series]!;
  }

  reset(): void {
    this.values.fill(Number.NaN);
  }
}

/** Means of the first rows of all series. */
export class Start {
  readonly sums: Float64Array;
  readonly counts: Float64Array;
  rows = 0;

  constructor(
    readonly length: number,
    series: number,
  ) {
    this.sums = new Float64Array(series);
    this.counts = new Float64Array(series);
  }

  push(now: Float64Array): void {
    if (this.rows === this.length) return;
    this.rows += 1;
    for (let s = 0; s < now.length; s++) {
      const value = now[s]!;
      if (Number.isNaN(value)) continue;
      this.sums[s]! += value;
      this.counts[s]! += 1;
    }
  }

  of(series: number): number {
    return this.sums[series]! / this.counts[series]!;
  }

  reset(): void {
    this.sums.fill(0);
    this.counts.fill(0);
    this.rows = 0;
  }
}
