import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Reading } from "../reading";
import { sortIntoParcels } from "./outgoing";

const reading = (deviceId: string, seq: number, more: Partial<Reading> = {}): Reading => ({
  deviceId,
  sensor: "t",
  value: seq,
  unit: "1",
  timestamp: seq,
  quality: "good",
  ...more,
});
const never = (): never => {
  throw new Error("nothing is homeless here");
};

describe("sortIntoParcels", () => {
  it("makes one parcel a topic and keeps the order within it", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("a", "b", "c")), (devices) => {
        const batch = devices.map((device, seq) => reading(device, seq));
        const parcels = sortIntoParcels("devices/{id}/telemetry", batch, never);
        expect(parcels.map(({ topic }) => topic)).toEqual(
          [...new Set(devices)].map((device) => `devices/${device}/telemetry`),
        );
        for (const { topic, readings } of parcels) {
          expect(readings).toEqual(batch.filter(({ deviceId }) => topic.includes(`/${deviceId}/`)));
        }
      }),
    );
  });

  it("fills sensor and metadata, and never lets a value break out of its level", () => {
    const homeless: string[] = [];
    const batch = [
      reading("a", 1, { metadata: { site: "north" } }),
      reading("b", 2),
      reading("c", 3, { metadata: { site: "+/#" } }),
      reading("d", 4, { metadata: { site: "s", id: "other" } }),
    ];
    const parcels = sortIntoParcels("{site}/{id}/{sensor}", batch, (_reading, reason) => void homeless.push(reason));
    expect(parcels.map(({ topic }) => topic)).toEqual(["north/a/t", "s/d/t"]);
    expect(homeless).toEqual([
      expect.stringContaining("nothing to fill {site} with"),
      expect.stringContaining("cannot be a topic level"),
    ]);
  });
});
