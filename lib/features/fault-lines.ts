import { amplitudeAt, type Spectrum } from "./spectrum";

/** How strongly a fault's frequency and its harmonics stand in the spectrum of an envelope. */
export interface FaultLine {
  /** Where within the tolerance the lines were found, in the spectrum's unit of frequency. */
  readonly frequency: number;
  /** Root of the summed squares of the harmonics' amplitudes. */
  readonly amplitude: number;
  /** Mean of the harmonics' amplitudes over that of the lines around them: about 2 by chance, 5 and more for a fault. */
  readonly prominence: number;
}

export interface FaultSearch {
  /** How many multiples of the frequency are looked for, as far as the spectrum goes. */
  readonly harmonics: number;
  /** How far slip may move the frequency, as a share of it: 0.01 to 0.02. */
  readonly tolerance: number;
}

/** Lines on either side of a harmonic that tell what is usual there. */
const AROUND = 24;

/**
 * Looks for a fault's frequency with its harmonics as one comb, which slip moves as a whole.
 * @returns undefined when the spectrum cannot tell: below its third line or beyond its end
 */
export function faultLine(spectrum: Spectrum, frequency: number, search: FaultSearch): FaultLine | undefined {
  const lines = spectrum.squares.length;
  const line = frequency / spectrum.stepHz;
  const harmonics = Math.min(search.harmonics, Math.floor((lines - 2) / (line * (1 + search.tolerance))));
  if (!(line >= 3) || harmonics < 1) return undefined;
  const found = bestComb(spectrum, line, harmonics, search.tolerance);
  let [squares, relative] = [0, 0];
  for (let h = 1; h <= harmonics; h++) {
    const amplitude = strongest(spectrum, found * h);
    squares += amplitude * amplitude;
    const usual = usualAround(spectrum, Math.round(found * h));
    relative += usual > 0 ? amplitude / usual : 0;
  }
  return { frequency: found * spectrum.stepHz, amplitude: Math.sqrt(squares), prominence: relative / harmonics };
}

/** The line, in fractions, whose multiples are strongest together. */
function bestComb(spectrum: Spectrum, line: number, harmonics: number, tolerance: number): number {
  const reach = line * tolerance;
  // So fine that the highest harmonic moves by half a line at each step.
  const steps = Math.ceil((2 * reach * harmonics) / 0.5);
  let best = line;
  let strength = -1;
  for (let i = 0; i <= steps; i++) {
    const candidate = steps === 0 ? line : line - reach + (2 * reach * i) / steps;
    let sum = 0;
    for (let h = 1; h <= harmonics; h++) sum += amplitudeAt(spectrum, Math.round(candidate * h));
    if (sum > strength) {
      strength = sum;
      best = candidate;
    }
  }
  return best;
}

/** A tone between two lines shows on both. */
function strongest(spectrum: Spectrum, line: number): number {
  return Math.max(amplitudeAt(spectrum, Math.floor(line)), amplitudeAt(spectrum, Math.ceil(line)));
}

/** Median amplitude of the lines around one, itself and its skirts left out. */
function usualAround(spectrum: Spectrum, line: number): number {
  const around: number[] = [];
  for (let k = Math.max(1, line - AROUND); k <= Math.min(spectrum.squares.length - 1, line + AROUND); k++) {
    if (Math.abs(k - line) > 2) around.push(amplitudeAt(spectrum, k));
  }
  around.sort((a, b) => a - b);
  return around[around.length >> 1] ?? 0;
}
