import { spiModel } from "../bus/simulated";

export interface Apa102Strip {
  /** What each LED shows: brightness of 0 to 31, then red, green and blue. */
  readonly leds: readonly (readonly number[])[];
}

/**
 * A strip of so many LEDs as the driver was told. Every LED takes the first frame behind a start frame, hands on the rest, and
 * delays it by half a clock: an LED whose frame was not clocked far enough keeps what it showed.
 */
export const apa102Model = spiModel({
  quantities: {},
  create: (_world, { options }) => {
    const count = Number(options?.count ?? 30);
    const leds: number[][] = Array.from({ length: count }, () => [0, 0, 0, 0]);
    const strip: Apa102Strip = { leds };
    return {
      ...strip,
      exchange(bytes) {
        const isStarted = bytes.subarray(0, 4).every((byte) => byte === 0);
        const clocks = 8 * bytes.length;
        for (let index = 0; isStarted && index < count; index++) {
          const [head = 0, blue = 0, green = 0, red = 0] = bytes.subarray(4 + 4 * index, 8 + 4 * index);
          const arrivesAfter = 32 * (index + 2) + index / 2;
          if (head < 0xe0 || arrivesAfter > clocks) break;
          leds[index] = [head & 0x1f, red, green, blue];
        }
        return bytes.slice();
      },
    };
  },
});
