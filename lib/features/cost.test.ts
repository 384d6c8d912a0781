import { describe, expect, it } from "vitest";
import { BEARINGS, expectedMs, type FeatureOptions } from "./index";

const bearings = [{ name: "", ratios: BEARINGS["SKF 6205"] }];
const rms: FeatureOptions = { features: ["rms", "kurtosis"] };
const all: FeatureOptions = { features: ["rms", "fftPeak"], orders: [1], bearings };

describe("expected cost of a block", () => {
  it("leaves figures of time and short spectra on the event loop, and takes bearings of long blocks off it", () => {
    expect(expectedMs(rms, 24_000)).toBeLessThan(1);
    expect(expectedMs({ features: ["rms", "fftPeak"] }, 2048)).toBeLessThan(0.2);
    expect(expectedMs({ features: [], bearings }, 24_000)).toBeGreaterThan(5);
    expect(expectedMs(all, 262_144)).toBeGreaterThan(100);
  });

  it("rises with what is asked, with the length, and when the speed changes", () => {
    for (const size of [8, 1000, 1024, 24_000, 262_144]) {
      expect(expectedMs(all, size)).toBeGreaterThan(expectedMs(rms, size));
      expect(expectedMs(all, size, false)).toBeGreaterThan(expectedMs(all, size));
      expect(expectedMs(all, 2 * size)).toBeGreaterThan(expectedMs(all, size));
      expect(expectedMs({ ...all, envelopeBand: { lowHz: 1, highHz: 2 } }, size)).toBeLessThan(expectedMs(all, size));
    }
    expect(expectedMs({ features: ["fftPeak"] }, 4097)).toBeGreaterThan(
      5 * expectedMs({ features: ["fftPeak"] }, 4096),
    );
  });
});
