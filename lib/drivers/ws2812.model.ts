import { spiModel } from "../bus/simulated";

const BIT_NS = 1e9 / 2_400_000;

export interface Ws2812Strip {
  /** What each LED shows: red, green and blue. */
  readonly leds: readonly (readonly number[])[];
}

/**
 * A strip that looks at its data line only: for how long it is high makes a bit, low for longer than 280 us ends the data. What
 * is outside the datasheet's times damages the data from there on: "TH, TL", T0H 400, T1H 800, all +-150 ns.
 */
export const ws2812Model = spiModel({
  quantities: {},
  create: (_world, { options }) => {
    const count = Number(options?.count ?? 30);
    const leds: number[][] = Array.from({ length: count }, () => [0, 0, 0]);
    const strip: Ws2812Strip = { leds };
    return {
      ...strip,
      exchange(bytes) {
        let bits: number[] = [];
        for (const { high, low } of pulses(bytes)) {
          const bit = bitOf(high);
          if (bit === undefined) break;
          bits.push(bit);
          if (low < 280_000) continue;
          latch(leds, bits);
          bits = [];
        }
        return new Uint8Array(bytes.length);
      },
    };
  },
});

/** How long the line is high, and low after it, ns. */
function pulses(bytes: Uint8Array): { high: number; low: number }[] {
  const levels = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return [...levels.matchAll(/(1+)(0*)/g)].map(([, high, low]) => ({
    high: high!.length * BIT_NS,
    low: low!.length * BIT_NS,
  }));
}

function bitOf(high: number): number | undefined {
  if (Math.abs(high - 400) <= 150) return 0;
  return Math.abs(high - 800) <= 150 ? 1 : undefined;
}

/** Each LED takes 24 bits, green first, and hands on the rest. */
function latch(leds: number[][], bits: readonly number[]): void {
  for (let index = 0; index < leds.length && 24 * (index + 1) <= bits.length; index++) {
    const [green, red, blue] = [0, 8, 16].map((at) =>
      Number.parseInt(bits.slice(24 * index + at, 24 * index + at + 8).join(""), 2),
    );
    leds[index] = [red!, green!, blue!];
  }
}
