import { optionalModule } from "../modules/optional";

/** What is used of the package fft.js: transforms of a power of two, of interleaved real and imaginary parts. */
interface PowerOfTwo {
  transform(out: Float64Array, data: Float64Array): void;
  inverseTransform(out: Float64Array, data: Float64Array): void;
  realTransform(out: Float64Array, data: Float64Array): void;
}
type PowerOfTwoFactory = new (size: number) => PowerOfTwo;

/** Longest block that is transformed: 2^18 samples, 10 s at 25.6 kHz. */
export const MAX_BLOCK = 2 ** 18;

/** Plans of different sizes that are kept, so that sizes that change all the time cannot fill the memory. */
const KEPT_PLANS = 12;

/**
 * Discrete Fourier transforms of any length, exact for the length given: powers of two by fft.js (radix 4), others by
 * Bluestein's algorithm with three of those, so that no block is padded and no line of the spectrum moves.
 */
export class Fourier {
  readonly #plans = new Map<number, RealPlan>();
  readonly #twos = new Map<number, PowerOfTwo>();

  constructor(private readonly factory: PowerOfTwoFactory) {}

  /** @throws OptionalModuleError when fft.js is not installed */
  static async load(userDir?: string): Promise<Fourier> {
    return new Fourier(await optionalModule<PowerOfTwoFactory>("fft.js", { userDir }));
  }

  /**
   * The transform of real samples, not scaled: line k is the sum of x[n] exp(-2 pi i k n / N).
   * @param samples 2 to MAX_BLOCK
   * @returns lines 0 to N / 2, real and imaginary parts in turn; overwritten by the next call of the same length
   * @throws RangeError for another number of samples
   */
  ofReal(samples: Float64Array): Float64Array {
    const { length } = samples;
    if (length < 2 || length > MAX_BLOCK) {
      throw new RangeError(`expected a block of 2 to ${MAX_BLOCK} samples, got ${length}`);
    }
    return this.#plan(length).transform(samples);
  }

  /**
   * The inverse transform of interleaved complex lines, divided by their number, which is a power of two. `out` has the
   * same length and is another array.
   */
  inverse(lines: Float64Array, out: Float64Array): void {
    this.#powerOfTwo(lines.length / 2).inverseTransform(out, lines);
  }

  #plan(length: number): RealPlan {
    const known = this.#plans.get(length);
    if (known) return known;
    const plan = isPowerOfTwo(length)
      ? new DirectPlan(length, this.#powerOfTwo(length))
      : new BluesteinPlan(length, this.#powerOfTwo(powerOfTwoFrom(2 * length - 1)));
    keep(this.#plans, length, plan);
    return plan;
  }

  #powerOfTwo(size: number): PowerOfTwo {
    const known = this.#twos.get(size);
    if (known) return known;
    const fresh = new this.factory(size);
    keep(this.#twos, size, fresh);
    return fresh;
  }
}

interface RealPlan {
  transform(samples: Float64Array): Float64Array;
}

class DirectPlan implements RealPlan {
  readonly #out: Float64Array;
  readonly #lines: Float64Array;

  constructor(
    length: number,
    private readonly fft: PowerOfTwo,
  ) {
    this.#out = new Float64Array(2 * length);
    this.#lines = this.#out.subarray(0, length + 2);
  }

  transform(samples: Float64Array): Float64Array {
    this.fft.realTransform(this.#out, samples);
    return this.#lines;
  }
}

/**
 * A transform of any length as a convolution with a chirp: Bluestein 1970, "A linear filtering approach to the computation
 * of discrete Fourier transform". The chirp's phase pi n^2 / N is taken modulo 2 N in whole numbers, or it would lose its digits.
 */
class BluesteinPlan implements RealPlan {
  readonly #size: number;
  /** exp(-i pi n^2 / N), interleaved. */
  readonly #chirp: Float64Array;
  /** Transform of the conjugate chirp, wrapped around. */
  readonly #kernel: Float64Array;
  readonly #a: Float64Array;
  readonly #b: Float64Array;
  readonly #lines: Float64Array;

  constructor(
    private readonly length: number,
    private readonly fft: PowerOfTwo,
  ) {
    this.#size = powerOfTwoFrom(2 * length - 1);
    this.#chirp = chirpOf(length);
    this.#a = new Float64Array(2 * this.#size);
    this.#b = new Float64Array(2 * this.#size);
    this.#kernel = new Float64Array(2 * this.#size);
    this.#lines = new Float64Array(2 * (Math.floor(length / 2) + 1));
    this.fft.transform(this.#kernel, this.#wrappedChirp());
  }

  transform(samples: Float64Array): Float64Array {
    const { length, fft } = this;
    const [a, b, chirp, lines] = [this.#a, this.#b, this.#chirp, this.#lines];
    a.fill(0);
    for (let n = 0; n < length; n++) {
      const value = samples[n] as number;
      a[2 * n] = value * (chirp[2 * n] as number);
      a[2 * n + 1] = value * (chirp[2 * n + 1] as number);
    }
    fft.transform(b, a);
    multiply(b, this.#kernel);
    fft.inverseTransform(a, b);
    lines.set(a.subarray(0, lines.length));
    multiply(lines, chirp);
    return lines;
  }

  #wrappedChirp(): Float64Array {
    const { length } = this;
    const chirp = this.#chirp;
    const wrapped = new Float64Array(2 * this.#size);
    for (let n = 0; n < length; n++) {
      const [re, im] = [chirp[2 * n] as number, -(chirp[2 * n + 1] as number)];
      wrapped[2 * n] = re;
      wrapped[2 * n + 1] = im;
      if (n === 0) continue;
      wrapped[2 * (this.#size - n)] = re;
      wrapped[2 * (this.#size - n) + 1] = im;
    }
    return wrapped;
  }
}

function chirpOf(length: number): Float64Array {
  const chirp = new Float64Array(2 * length);
  for (let n = 0; n < length; n++) {
    const phase = (Math.PI * ((n * n) % (2 * length))) / length;
    chirp[2 * n] = Math.cos(phase);
    chirp[2 * n + 1] = -Math.sin(phase);
  }
  return chirp;
}

/** a = a b, complex, over the length of a. */
function multiply(a: Float64Array, b: Float64Array): void {
  for (let i = 0; i < a.length; i += 2) {
    const [re, im] = [a[i] as number, a[i + 1] as number];
    const [byRe, byIm] = [b[i] as number, b[i + 1] as number];
    a[i] = re * byRe - im * byIm;
    a[i + 1] = re * byIm + im * byRe;
  }
}

function keep<V>(map: Map<number, V>, key: number, value: V): void {
  if (map.size >= KEPT_PLANS) map.delete(map.keys().next().value as number);
  map.set(key, value);
}

function isPowerOfTwo(value: number): boolean {
  return (value & (value - 1)) === 0;
}

/** The smallest power of two that is no smaller. */
export function powerOfTwoFrom(value: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(2, value)));
}
