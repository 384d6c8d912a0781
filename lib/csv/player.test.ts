import { describe, expect, it } from "vitest";
import type { Reading } from "../reading";
import { type CsvChunk, CsvPlayer, type PlayerOptions, type PlayerTime } from ".";

const START = 1_700_000_000_000;

/** A clock that jumps to the end of each wait, so that hours pass at once and the times are exact. */
class JumpingTime implements PlayerTime {
  #now = START;
  waits: number[] = [];
  /** Called at each wait, before time jumps. */
  onWait: (ms: number) => void = () => {};
  now = () => this.#now;
  pass(ms: number) {
    this.#now += ms;
  }
  async wait(ms: number, signal: AbortSignal) {
    this.waits.push(ms);
    this.onWait(ms);
    if (!signal.aborted) this.#now += ms;
  }
}

const recording = (seconds: readonly number[]): CsvChunk => ({
  rows: seconds.map((second, index) => {
    const timestamp = second * 1000;
    return {
      line: index + 2,
      timestamp,
      readings: [{ deviceId: "d", sensor: "s", value: index, unit: "1", timestamp, quality: "good" as const }],
    };
  }),
  problems: [],
});

function player(chunks: readonly CsvChunk[], options: Partial<PlayerOptions> = {}) {
  const time = new JumpingTime();
  const batches: { at: number; readings: readonly Reading[] }[] = [];
  const problems: string[] = [];
  const opened = { times: 0, closed: 0 };
  async function* open() {
    opened.times++;
    try {
      yield* chunks;
    } finally {
      opened.closed++;
    }
  }
  const sink = {
    batch: (readings: readonly Reading[]): void | Promise<void> =>
      void batches.push({ at: time.now() - START, readings }),
    problem: ({ reason }: { reason: string }) => void problems.push(reason),
  };
  const playing = new CsvPlayer(open, { speed: 1, keepTime: false, loop: false, ...options }, sink, time);
  return { playing, time, batches, problems, opened, sink };
}

describe("playing a recording", () => {
  it("sends each row when it is due, by recorded time and speed", async () => {
    const { playing, batches } = player([recording([100, 160, 400])], { speed: 60 });
    expect(await playing.play()).toMatchObject({ rounds: 1, rows: 3, readings: 3, problems: 0, recorded: 400_000 });
    expect(batches.map(({ at }) => at)).toEqual([0, 1000, 5000]);
    expect(batches.map(({ readings }) => readings[0]?.timestamp)).toEqual([START, START + 1000, START + 5000]);
  });

  it("sends rows that are due together as one batch", async () => {
    const { playing, batches } = player([recording([1, 1, 1, 2])], { speed: 10 });
    await playing.play();
    expect(batches.map(({ readings }) => readings.map(({ value }) => value))).toEqual([[0, 1, 2], [3]]);
  });

  it("keeps recorded times and says that they are historical", async () => {
    const { playing, batches } = player([recording([100, 101])], { keepTime: true });
    await playing.play();
    expect(batches[1]?.readings).toEqual([expect.objectContaining({ timestamp: 101_000, historical: true })]);
  });

  it("at full speed waits only for the flow, in batches of bounded size, and ends now", async () => {
    const seconds = Array.from({ length: 1200 }, (_, index) => index);
    const { playing, batches, time } = player([recording(seconds)], { speed: "max" });
    await playing.play();
    expect(time.waits).toEqual([]);
    expect(batches.map(({ readings }) => readings.length)).toEqual([500, 500, 200]);
    expect(batches.at(-1)?.readings.at(-1)?.timestamp).toBe(START);
    expect(batches[0]?.readings[0]?.timestamp).toBe(START - 1_199_000);
  });

  it("does not send the next batch before the flow has finished with the one before", async () => {
    const { playing, sink, batches } = player([recording(Array.from({ length: 1500 }, () => 1))], { speed: "max" });
    let inFlow = 0;
    let most = 0;
    sink.batch = async (readings) => {
      most = Math.max(most, ++inFlow);
      await new Promise((resolve) => setImmediate(resolve));
      inFlow--;
      batches.push({ at: 0, readings });
    };
    await playing.play();
    expect([batches.length, most]).toEqual([3, 1]);
  });

  it("begins again at the end, an interval later, until it is stopped", async () => {
    const { playing, batches, opened, time } = player([recording([0, 10])], { loop: true });
    time.onWait = () => {
      if (batches.length >= 5) playing.stop();
    };
    expect(await playing.play()).toMatchObject({ rounds: 2, readings: 5 });
    expect(batches.map(({ at }) => at / 1000)).toEqual([0, 10, 20, 30, 40]);
    expect(opened).toEqual({ times: 3, closed: 3 });
  });

  it("stops and starts again where it was, later by the pause", async () => {
    const { playing, batches, time } = player([recording([0, 10, 20])]);
    let paused = false;
    time.onWait = () => {
      if (batches.length !== 1 || paused) return;
      paused = true;
      time.pass(4000);
      playing.pause();
      expect(playing.paused).toBe(true);
      setImmediate(() => {
        time.pass(60_000);
        playing.resume();
      });
    };
    await playing.play();
    // Four of ten seconds had passed; after a minute's pause the other six follow.
    expect(batches.map(({ at }) => at / 1000)).toEqual([0, 70, 80]);
  });

  it("can be stopped while it waits, while it is paused and while the flow does not finish, and closes the file", async () => {
    const waiting = player([recording([0, 1e6])]);
    waiting.time.onWait = () => waiting.playing.stop();
    await waiting.playing.play();
    const paused = player([recording([0, 1])]);
    paused.playing.pause();
    setImmediate(() => paused.playing.stop());
    await paused.playing.play();
    const hanging = player([recording(Array.from({ length: 600 }, () => 1))], { speed: "max" });
    hanging.sink.batch = () => new Promise(() => setImmediate(() => hanging.playing.stop()));
    await hanging.playing.play();
    expect([waiting, paused, hanging].map(({ opened }) => opened.times - opened.closed)).toEqual([0, 0, 0]);
    expect(waiting.batches.length).toBe(1);
  });

  it("tells of problems and goes on; a recording without rows is an error even in a loop", async () => {
    const { playing, problems } = player([{ ...recording([1]), problems: [{ line: 3, reason: "bad" }] }]);
    expect(await playing.play()).toMatchObject({ rows: 1, problems: 1 });
    expect(problems).toEqual(["bad"]);
    const empty = player([{ rows: [], problems: [] }], { loop: true });
    await expect(empty.playing.play()).rejects.toThrow("the file has no rows that can be read");
  });

  it("waits longer than a timer can", async () => {
    const { playing, batches, time } = player([recording([0, 90 * 86_400])]);
    await playing.play();
    expect(batches[1]?.at).toBe(90 * 86_400_000);
    expect(Math.max(...time.waits)).toBeLessThan(2 ** 31);
  });
});
