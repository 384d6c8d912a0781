import { Coordinator, type CoordinatorParts, type CoordinatorStore } from "../../lib/federated/coordinator";
import type { CoordinatorOptions } from "../../lib/federated/coordinator-options";
import { Member } from "../../lib/federated/member";
import { encodeAnnouncement, encodeUpdate, type Plan } from "../../lib/federated/messages";
import { type BlockStore, RowBuffer } from "../../lib/federated/row-buffer";
import { trainLocally } from "../../lib/federated/training";
import { gaussian } from "./series";

export const PLAN: Plan = { inputs: ["load", "speed"], target: "temperature", kind: "number", hidden: [] };

export const UNITS = ["%", "Hz", "Cel"];

export const OPTIONS: CoordinatorOptions = {
  plan: PLAN,
  ranges: [
    { low: 0, high: 100 },
    { low: 0, high: 50 },
    { low: 0, high: 200 },
  ],
  training: { epochs: 2, batch: 16, learningRate: 0.05, proximal: 0, seed: 1 },
  ...{ rounds: 3, roundMs: 60_000, pauseMs: 0, minClients: 2, enoughClients: 0, maxClients: 100 },
  ...{ rule: "mean", trim: 0.2, maxRows: 10_000, clip: 0, refuseAbove: 1000, serverRate: 1, momentum: 0, members: [] },
};

/** Rows of a machine whose temperature is 20 + 0.8 load + 1.5 speed, and noise of 2 K. */
export function machineRows(count: number, seed: number, load: number, speed: number): number[][] {
  const noise = gaussian(seed);
  return Array.from({ length: count }, () => {
    const [a, b] = [load + 8 * noise(), speed + 4 * noise()];
    return [a, b, 20 + 0.8 * a + 1.5 * b + 2 * noise()];
  });
}

/** Five gateways whose rows differ in number and in kind: none has seen the whole of what machines do. */
export function unevenGateways(): Map<string, number[][]> {
  return new Map([
    ["north", machineRows(600, 1, 20, 10)],
    ["south", machineRows(60, 2, 80, 40)],
    ["east", machineRows(300, 3, 50, 10)],
    ["west", machineRows(120, 4, 20, 40)],
    ["centre", machineRows(30, 5, 50, 25)],
  ]);
}

/**
 * Mean squared error of ordinary least squares over all rows together, by the normal equations and Gaussian elimination: the
 * best that any linear model trained in one place can do.
 */
export function leastSquares(rows: readonly (readonly number[])[]): { error: number; coefficients: number[] } {
  const extended = rows.map((row) => [...row.slice(0, -1), 1]);
  const size = extended[0]?.length ?? 0;
  const dot = (f: (row: number) => number): number => rows.reduce((sum, _, row) => sum + f(row), 0);
  const at = (row: number, column: number): number => extended[row]?.[column] as number;
  const target = (row: number): number => rows[row]?.at(-1) as number;
  const system = Array.from({ length: size }, (_, i) => [
    ...Array.from({ length: size }, (__, j) => dot((row) => at(row, i) * at(row, j))),
    dot((row) => at(row, i) * target(row)),
  ]);
  for (let pivot = 0; pivot < size; pivot++) {
    const scale = system[pivot]?.[pivot] as number;
    system[pivot] = (system[pivot] as number[]).map((value) => value / scale);
    for (let other = 0; other < size; other++) {
      if (other === pivot) continue;
      const factor = system[other]?.[pivot] as number;
      system[other] = (system[other] as number[]).map((value, k) => value - factor * (system[pivot]?.[k] as number));
    }
  }
  const coefficients = system.map((row) => row[size] as number);
  return {
    coefficients,
    error: meanSquaredError(rows, (row) => coefficients.reduce((sum, c, i) => sum + c * (row[i] ?? 1), 0)),
  };
}

/** @param predict gets the inputs only */
export function meanSquaredError(
  rows: readonly (readonly number[])[],
  predict: (inputs: Float64Array) => number | undefined,
): number {
  const squares = rows.map(
    (row) => ((predict(Float64Array.from(row.slice(0, -1))) ?? Number.NaN) - (row.at(-1) as number)) ** 2,
  );
  return squares.reduce((sum, value) => sum + value, 0) / rows.length;
}

export function memberWith(client: string, rows: readonly (readonly number[])[], plan: Plan = PLAN): Member {
  const buffer = new RowBuffer(plan.inputs.length + 1, 10_000);
  for (const row of rows) buffer.add(Float64Array.from(row));
  return new Member({ client, inputs: plan.inputs, target: plan.target, minRows: 10 }, buffer, async (task) =>
    trainLocally(task),
  );
}

/** A clock that a test moves, and sessions that have names in their order. */
export function partsAt(clock: { now: number }, store?: CoordinatorStore): CoordinatorParts {
  let sessions = 0;
  return { now: () => clock.now, newSession: () => `session ${++sessions} of ${clock.now}`, store };
}

export function coordinatorAt(
  clock: { now: number },
  over: Partial<CoordinatorOptions> = {},
  store?: CoordinatorStore,
): Coordinator {
  return new Coordinator({ ...OPTIONS, ...over }, partsAt(clock, store));
}

/** Lets members answer the open announcement, in their order; `tamper` may change what one sends. */
export async function answerAll(
  coordinator: Coordinator,
  members: ReadonlyMap<string, Member>,
  tamper?: (client: string, bytes: Buffer) => Buffer,
): Promise<void> {
  const announced = coordinator.announcement;
  if (!announced) return;
  for (const [client, member] of members) {
    member.hear(encodeAnnouncement(announced));
    const update = await member.answer();
    if (!update) continue;
    const bytes = encodeUpdate(update);
    coordinator.receive(client, tamper ? tamper(client, bytes) : bytes);
  }
}

/** What the store does: keeps JSON. */
export function jsonStore(): BlockStore & { readonly saved: Map<string, string>; writes: number } {
  const saved = new Map<string, string>();
  return {
    saved,
    writes: 0,
    load: (key) => JSON.parse(saved.get(key) ?? "null"),
    save(entries) {
      this.writes += 1;
      for (const [key, state] of entries) {
        if (state === undefined) saved.delete(key);
        else saved.set(key, JSON.stringify(state));
      }
    },
  };
}
