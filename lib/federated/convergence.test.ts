import { describe, expect, it } from "vitest";
import {
  answerAll,
  coordinatorAt,
  leastSquares,
  machineRows,
  meanSquaredError,
  memberWith,
  OPTIONS,
  PLAN,
  unevenGateways,
} from "../../test/support/federation";
import type { CoordinatorOptions } from "./coordinator-options";
import type { Member } from "./member";
import { decodeUpdate, encodeAnnouncement, encodeUpdate, type Plan } from "./messages";
import { standardised } from "./scale";
import { trainLocally } from "./training";

/** Trains to the end and gives the mean squared error of the shared model over all honest rows. */
async function federate(
  gateways: ReadonlyMap<string, number[][]>,
  over: Partial<CoordinatorOptions>,
  tamper?: (client: string, bytes: Buffer) => Buffer,
): Promise<{ error: number; member: Member }> {
  const clock = { now: 0 };
  const coordinator = coordinatorAt(clock, over);
  const plan = over.plan ?? PLAN;
  const members = new Map([...gateways].map(([client, rows]) => [client, memberWith(client, rows, plan)]));
  while (!coordinator.finished) {
    await answerAll(coordinator, members, tamper);
    clock.now += OPTIONS.roundMs;
    coordinator.tick();
  }
  const [member] = members.values();
  if (!member || !coordinator.announcement) throw new Error("no member");
  member.hear(encodeAnnouncement(coordinator.announcement));
  const honest = [...gateways].filter(([client]) => client !== "poisoned").flatMap(([, rows]) => rows);
  return { member, error: meanSquaredError(honest, (row) => member.predict(row)) };
}

const all = [...unevenGateways().values()].flat();
const best = leastSquares(all).error;

describe("a model that five gateways with uneven rows train", () => {
  it.each([
    ["ranges declared", {}],
    ["the scale measured by the clients", { ranges: undefined }],
  ])("is as good as the best one trained on all rows in one place: %s", async (_name, over) => {
    const { error } = await federate(unevenGateways(), { ...over, rounds: 40 });
    expect(error).toBeGreaterThanOrEqual(best * 0.9999);
    expect(error).toBeLessThan(best * 1.02);
    // What one gateway makes of its own rows fails on the others'.
    const own = leastSquares(unevenGateways().get("centre") ?? []).coefficients;
    const alone = meanSquaredError(all, ([a = 0, b = 0]) => (own[0] ?? 0) * a + (own[1] ?? 0) * b + (own[2] ?? 0));
    expect(error).toBeLessThan(alone);
  });

  it("with a hidden layer comes to the loss of the same network trained on all rows in one place", async () => {
    const plan: Plan = { ...PLAN, hidden: [8] };
    const bent = new Map(
      [...unevenGateways()].map(([client, rows]) => [
        client,
        rows.map(([a = 0, b = 0, y = 0]) => [a, b, y + 0.02 * (a - 50) ** 2]),
      ]),
    );
    const training = { ...OPTIONS.training, epochs: 1 };
    const { error, member } = await federate(bent, { plan, training, momentum: 0.9, rounds: 300, ranges: undefined });
    const { scale, parameters } = member.heard ?? {};
    if (!scale || !parameters) throw new Error("no model");
    const table = standardised(Float64Array.from([...bent.values()].flat(2)), scale, "number");
    const shape = { inputs: 2, hidden: [8], target: "number" as const };
    const start = coordinatorAt({ now: 0 }, { plan }).state.parameters;
    const central = trainLocally({ shape, parameters: start, table, training: { ...training, epochs: 300 } });
    expect(error / (scale.deviation[2] as number) ** 2).toBeLessThan(central.after * 1.25);
    expect(error).toBeLessThan(0.5 * leastSquares([...bent.values()].flat()).error);
  });

  it.each(["median", "trimmed"] as const)(
    "survives a poisoned client by the rule %s, as the mean does not",
    async (rule) => {
      const gateways = unevenGateways().set("poisoned", machineRows(500, 6, 50, 25));
      const poison = (client: string, bytes: Buffer): Buffer => {
        if (client !== "poisoned") return bytes;
        const update = decodeUpdate(bytes, 3);
        return encodeUpdate({ ...update, rows: 1e9, delta: update.delta.map((_, i) => (i % 2 === 0 ? 5 : -5)) });
      };
      const unpoisoned = await federate(unevenGateways(), { rounds: 60, rule });
      const robust = await federate(gateways, { rounds: 60, rule, ranges: undefined }, poison);
      const plain = await federate(gateways, { rounds: 60 }, poison);
      expect(robust.error).toBeLessThan(Math.max(unpoisoned.error, best) * 3);
      expect(plain.error).toBeGreaterThan(robust.error * 100);
    },
  );

  it("is held within the clipping norm a round by a poisoned client", async () => {
    const gateways = unevenGateways().set("poisoned", machineRows(500, 6, 50, 25));
    const poison = (client: string, bytes: Buffer): Buffer => {
      if (client !== "poisoned") return bytes;
      const update = decodeUpdate(bytes, 3);
      return encodeUpdate({ ...update, rows: 1, delta: Float32Array.of(500, 500, 500) });
    };
    const { error } = await federate(gateways, { rounds: 60, clip: 0.5 }, poison);
    expect(error).toBeLessThan(best * 1.1);
  });

  it("with noise for privacy still learns when there are many clients", async () => {
    const gateways = new Map(
      Array.from({ length: 40 }, (_, i) => [
        `g${i}`,
        machineRows(60, i, 20 + (60 * i) / 40, 10 + (30 * ((i * 7) % 40)) / 40),
      ]),
    );
    const noise = { kind: "gaussian", multiplier: 1, delta: 1e-5 } as const;
    const { error } = await federate(gateways, { rounds: 60, clip: 0.5, noise });
    const rows = [...gateways.values()].flat();
    const mean = rows.reduce((sum, row) => sum + (row[2] as number), 0) / rows.length;
    expect(error).toBeLessThan(0.2 * meanSquaredError(rows, () => mean));
  });
});
