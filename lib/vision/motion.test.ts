import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gaussian, throughJson } from "../../test/support/series";
import type { Pixels } from "./decode";
import { type Motion, MotionDetector, type MotionOptions } from "./motion";

const WIDTH = 64;
const HEIGHT = 48;

interface Shown {
  readonly gain?: number;
  readonly offset?: number;
  readonly square?: readonly [number, number, number];
  readonly grey?: number;
}

/** A textured room with camera noise; `light` is the exposure, `square` something in it. */
function frame(noise: () => number, { gain = 1, offset = 0, square, grey = 220 }: Shown = {}): Pixels {
  const data = new Uint8Array(WIDTH * HEIGHT);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const room = 90 + 40 * Math.sin(x / 5) + 20 * Math.cos(y / 7);
      const [left, top, size] = square ?? [0, 0, 0];
      const inside = x >= left && x < left + size && y >= top && y < top + size;
      const shown = gain * (inside ? grey : room) + offset + 2 * noise();
      data[y * WIDTH + x] = Math.max(0, Math.min(255, Math.round(shown)));
    }
  }
  return { width: WIDTH, height: HEIGHT, channels: 1, data };
}

function detector(options: Partial<MotionOptions> = {}): MotionDetector {
  return new MotionDetector({ sensitivity: 50, least: 0.5, absorb: 100, quiet: 2, regions: [], ...options });
}

const whole = (motion: Motion | undefined) => motion?.regions[0];

describe("motion", () => {
  it("is found where something new is, and over some images after it has gone", () => {
    const noise = gaussian(1);
    const of = detector();
    for (let i = 0; i < 20; i++) of.push(frame(noise));
    const found = of.push(frame(noise, { square: [20, 10, 12] }));
    expect(whole(found)?.moving).toBe(true);
    // 12 x 12 of 64 x 48 pixels are 4.7 %.
    expect(whole(found)?.changed).toBeGreaterThan(3.5);
    expect(whole(found)?.changed).toBeLessThan(5.5);
    expect(found?.box?.left).toBeCloseTo(31, -1);
    expect(found?.box?.width).toBeCloseTo(19, -1);
    expect(whole(of.push(frame(noise)))?.moving).toBe(true);
    expect(whole(of.push(frame(noise)))?.moving).toBe(false);
  });

  it("is nothing for the first images, and nothing in a still room's noise", () => {
    const noise = gaussian(2);
    const of = detector();
    expect(Array.from({ length: 5 }, () => of.push(frame(noise)))).toEqual(new Array(5).fill(undefined));
    for (let i = 0; i < 200; i++) {
      const motion = of.push(frame(noise));
      expect(whole(motion)).toMatchObject({ moving: false });
      expect(motion?.sceneChanged).toBe(false);
    }
  });

  it("is not a change of light, sudden or slow, and is found in the changed light", () => {
    const noise = gaussian(3);
    const of = detector();
    for (let i = 0; i < 30; i++) of.push(frame(noise));
    for (const light of [{ gain: 1.3 }, { gain: 0.6, offset: 5 }, { offset: -30 }, { offset: 40 }]) {
      expect(whole(of.push(frame(noise, light)))).toMatchObject({ moving: false });
    }
    expect(whole(of.push(frame(noise, { gain: 0.6, square: [20, 10, 12] })))?.moving).toBe(true);
    for (let i = 0; i < 100; i++) {
      const motion = of.push(frame(noise, { offset: i / 2 }));
      if (i > 3) expect(whole(motion)?.moving).toBe(false);
    }
  });

  it.each<[string, (i: number) => Shown]>([
    ["a lamp that was switched on once", (i) => (i < 60 ? {} : { gain: 1.5 })],
    ["a lamp that goes on and off", (i) => ({ gain: Math.floor(i / 20) % 2 ? 1.5 : 1 })],
    ["an exposure that goes up and down", (i) => ({ offset: Math.floor(i / 30) % 2 ? 30 : 0 })],
    ["clouds", (i) => ({ gain: 1 + 0.3 * Math.sin(i / 32) })],
    ["nightfall and morning", (i) => ({ gain: Math.exp(0.8 * (Math.cos(i / 60) - 1)) })],
  ])("is found, and nothing else, however long ago the light changed: %s", (_, light) => {
    const noise = gaussian(9);
    const of = detector();
    for (let i = 0; i < 260; i++) {
      const square = i > 60 && i % 11 === 0 ? ({ square: [(3 * i) % 50, 20, 10], grey: i % 2 ? 0 : 190 } as const) : {};
      const motion = of.push(frame(noise, { ...light(i), ...square }));
      // 10 x 10 of 64 x 48 pixels are 3.3 %; a part may look as the room does behind it.
      const changed = whole(motion)?.changed ?? 0;
      if ("square" in square) expect(changed, `image ${i}`).toBeGreaterThan(1);
      else expect(changed, `image ${i}`).toBeLessThan(0.5);
    }
  });

  it("is not a bright window that is white in much light and grey in less", () => {
    const noise = gaussian(10);
    const of = detector();
    const window = (light: number): Pixels => {
      const image = frame(noise, { gain: light });
      const bright = (i: number): boolean => i % WIDTH < 12 && i < (WIDTH * HEIGHT) / 2;
      return { ...image, data: image.data.map((grey, i) => (bright(i) ? Math.min(255, 400 * light) : grey)) };
    };
    for (let i = 0; i < 300; i++) {
      const motion = of.push(window(Math.floor(i / 25) % 2 ? 0.5 : 1));
      if (i > 4) expect(whole(motion)?.changed, `image ${i}`).toBeLessThan(0.5);
    }
  });

  it.each([
    ["black", 0],
    ["dark", 20],
    ["grey", 128],
    ["white", 255],
  ])("is another scene when the camera is covered, in %s, and when it is uncovered", (_, level) => {
    const noise = gaussian(11);
    const of = detector();
    const cover = (): Pixels => {
      const image = frame(noise);
      return { ...image, data: image.data.map(() => Math.max(0, Math.min(255, Math.round(level + 2 * noise())))) };
    };
    for (let i = 0; i < 20; i++) of.push(frame(noise));
    expect(of.push(cover())).toMatchObject({ sceneChanged: true, regions: [{ moving: false, changed: 100 }] });
    for (let i = 0; i < 20; i++) of.push(cover());
    expect(of.push(cover())).toMatchObject({ sceneChanged: false, regions: [{ moving: false }] });
    expect(of.push(frame(noise))).toMatchObject({ sceneChanged: true });
    for (let i = 0; i < 4; i++) of.push(frame(noise));
    expect(of.push(frame(noise))).toMatchObject({ sceneChanged: false, regions: [{ moving: false }] });
  });

  it("is seen again soon after a cover of a single image", () => {
    const noise = gaussian(12);
    const of = detector();
    for (let i = 0; i < 20; i++) of.push(frame(noise));
    const black = frame(noise);
    expect(of.push({ ...black, data: black.data.map(() => 0) })).toMatchObject({ sceneChanged: true });
    for (let i = 0; i < 5; i++) expect(of.push(frame(noise))).toBeUndefined();
    expect(whole(of.push(frame(noise, { square: [20, 10, 12] })))).toMatchObject({ moving: true });
  });

  it("is no other scene when something large passes, and none in much less light", () => {
    const noise = gaussian(13);
    const of = detector();
    for (let i = 0; i < 20; i++) of.push(frame(noise));
    expect(of.push(frame(noise, { square: [0, 0, 40] }))).toMatchObject({
      sceneChanged: false,
      regions: [{ moving: true }],
    });
    for (let i = 0; i < 20; i++) of.push(frame(noise));
    expect(of.push(frame(noise, { gain: 0.3 }))).toMatchObject({ sceneChanged: false, regions: [{ moving: false }] });
  });

  it("tells another scene, and learns it", () => {
    const noise = gaussian(4);
    const of = detector();
    for (let i = 0; i < 20; i++) of.push(frame(noise));
    const other = (): Pixels => {
      const image = frame(noise);
      return { ...image, data: image.data.map((_, i) => (i * 7919) % 251) };
    };
    expect(of.push(other())).toMatchObject({ sceneChanged: true });
    for (let i = 0; i < 4; i++) of.push(other());
    expect(of.push(other())).toMatchObject({ sceneChanged: false, regions: [{ moving: false }] });
  });

  it("ends when what came stays", () => {
    const noise = gaussian(5);
    const of = detector({ absorb: 40 });
    for (let i = 0; i < 20; i++) of.push(frame(noise));
    const parked = Array.from({ length: 120 }, () => whole(of.push(frame(noise, { square: [5, 5, 15] })))?.moving);
    expect(parked.slice(0, 10)).toEqual(new Array(10).fill(true));
    expect(parked.slice(-5)).toEqual(new Array(5).fill(false));
  });

  it("is told by regions, and never in what is ignored", () => {
    const noise = gaussian(6);
    const regions = [
      { name: "door", left: 0, top: 0, width: 50, height: 100, ignored: false },
      { name: "desk", left: 50, top: 0, width: 50, height: 100, ignored: false },
      { name: "clock", left: 75, top: 0, width: 25, height: 50, ignored: true },
    ];
    const of = detector({ regions });
    for (let i = 0; i < 20; i++) of.push(frame(noise));
    const door = of.push(frame(noise, { square: [5, 20, 10] }));
    expect(door?.regions.map(({ name, moving }) => [name, moving])).toEqual([
      ["", true],
      ["door", true],
      ["desk", false],
    ]);
    for (let i = 0; i < 5; i++) of.push(frame(noise));
    const clock = of.push(frame(noise, { square: [52, 4, 10] }));
    expect(clock?.regions.every(({ moving, changed }) => !moving && changed < 0.5)).toBe(true);
  });

  it("goes on after snapshot and restore as if never stopped", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 15 }), (cut) => {
        const noise = gaussian(7);
        const images = Array.from({ length: 20 }, (_, i) => frame(noise, i % 6 === 5 ? { square: [i, 10, 12] } : {}));
        const options = { regions: [{ name: "left", left: 0, top: 0, width: 50, height: 100, ignored: false }] };
        const whole = detector(options);
        for (const image of images.slice(0, cut)) whole.push(image);
        const restored = detector(options);
        restored.restore(throughJson(whole.snapshot()));
        for (const image of images.slice(cut)) expect(restored.push(image)).toEqual(whole.push(image));
      }),
      { numRuns: 10 },
    );
  });

  it("starts afresh with images of another size, and refuses a damaged state", () => {
    const noise = gaussian(8);
    const of = detector();
    for (let i = 0; i < 10; i++) of.push(frame(noise));
    expect(of.push({ width: 2, height: 1, channels: 1, data: Uint8Array.of(1, 2) })).toBeUndefined();
    const state = throughJson(of.snapshot()) as { background: object; since: unknown };
    const damaged = { ...state, background: { ...state.background, mean: "AAAA" } };
    expect(() => detector().restore(damaged)).toThrow(/expected 2 values/);
  });

  it.each<[Partial<MotionOptions>, RegExp]>([
    [{ sensitivity: 101 }, /^sensitivity/],
    [{ least: 0 }, /^least/],
    [{ absorb: 1 }, /^absorb/],
    [
      { regions: [{ name: "a", left: 60, top: 0, width: 50, height: 10, ignored: false }] },
      /^region a: expected a part/,
    ],
    [
      { regions: ["a", "a"].map((name) => ({ name, left: 0, top: 0, width: 50, height: 10, ignored: false })) },
      /^region a: expected each name once/,
    ],
  ])("refuses options that cannot work: %#", (options, message) => {
    expect(() => detector(options)).toThrow(message);
  });
});
