import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { integerWithin, numberWithin, SavedState } from "../numeric";
import { describe } from "../reading";
import { checkSensor } from "../reading/check";
import { decodeFrame, encodeFrame, type Frame, FrameError } from "./frame";
import { MAX_INPUTS, MAX_PARAMETERS, Network, type Shape, type TargetKind } from "./network";
import { type Moments, type Scale, scaleFrom } from "./scale";
import { checkTraining, type Training } from "./training";
import { checkUnits, type Units } from "./units";
import { vectorFor } from "./vector";

/** A message longer than this is refused unread: the largest model, its header and a little room. */
export const MAX_MESSAGE_BYTES = 4 * MAX_PARAMETERS + 128 * 1024;
export const MAX_ROUNDS = 1_000_000;

/** What is learned from what: the same for all clients of a group. */
export interface Plan {
  readonly inputs: readonly string[];
  readonly target: string;
  readonly kind: TargetKind;
  readonly hidden: readonly number[];
}

/** "measure": clients report mean and spread of their rows; "train": they train; "done": the model is ready, nobody trains. */
export type Task = "measure" | "train" | "done";

/** What the server asks of its clients; lies retained in the round's topic, so that who comes late has it too. */
export interface Announcement {
  /** Changes when the server begins anew. */
  readonly session: string;
  /** 0 while measuring. */
  readonly round: number;
  readonly task: Task;
  /** How often the round had too few updates at its end: who has answered before sends the same again, it may be lost. */
  readonly attempt: number;
  /** When the round closes, ms since the epoch by the server's clock: for people. */
  readonly deadline: number;
  readonly plan: Plan;
  /** Of inputs and target, as far as they are known. */
  readonly units: Units;
  readonly training: Training;
  /** There from the first training round on. */
  readonly scale?: Scale;
  /** Whether clients may say how many rows and which loss they have: off where noise protects them. */
  readonly report: boolean;
  /** The shared model; empty while measuring. */
  readonly parameters: Float32Array;
}

/** A client's answer to one announcement. */
export interface Update {
  readonly session: string;
  readonly round: number;
  readonly client: string;
  /** Names the parameters that training began from. */
  readonly base: string;
  readonly rows: number;
  /** Of the rows that it was made from. */
  readonly units: Units;
  /** Mean losses with the shared model and with the trained one, where they may be reported. */
  readonly before?: number;
  readonly after?: number;
  /** The answer to "measure". */
  readonly moments?: Moments;
  /** The answer to "train": trained minus shared parameters. */
  readonly delta: Float32Array;
}

/** What became of an update, told to the client. */
export interface Verdict {
  readonly session: string;
  readonly round: number;
  /** "late": its round is over. "refused": something is wrong with it or with its sender. */
  readonly kind: "accepted" | "duplicate" | "late" | "refused";
  readonly reason?: string;
}

/** Names a vector of parameters: the beginning of the SHA-256 of its bytes. */
export function fingerprintOf(parameters: Float32Array): string {
  return createHash("sha256").update(parameters).digest("hex").slice(0, 16);
}

export function shapeOf({ inputs, hidden, kind }: Plan): Shape {
  return { inputs: inputs.length, hidden, target: kind };
}

/** @throws RangeError or ReadingError naming what is wrong */
export function checkPlan(plan: Plan): Plan {
  integerWithin("inputs", plan.inputs.length, 1, MAX_INPUTS);
  for (const sensor of plan.inputs) checkSensor(sensor, "inputs");
  checkSensor(plan.target, "target");
  if (new Set([...plan.inputs, plan.target]).size <= plan.inputs.length) {
    throw new RangeError("inputs: expected each sensor once, and the target not among them");
  }
  new Network(shapeOf(plan));
  return plan;
}

export function samePlan(a: Plan, b: Plan): boolean {
  return isDeepStrictEqual(a, b);
}

export function encodeAnnouncement({ parameters, ...header }: Announcement): Buffer {
  return encodeFrame("announcement", header, parameters);
}

/** @throws FrameError saying what is wrong: it may come from anybody */
export function decodeAnnouncement(bytes: Uint8Array): Announcement {
  return checked("announcement", bytes, (fields, vector) => {
    const task = oneOf(fields, "task", ["measure", "train", "done"] as const);
    const plan = planFrom(fields.any("plan"));
    const parameters = vectorFor(vector, task === "measure" ? 0 : new Network(shapeOf(plan)).parameterCount);
    return {
      ...roundOf(fields),
      task,
      attempt: fields.index("attempt", Number.MAX_SAFE_INTEGER),
      deadline: fields.number("deadline"),
      plan,
      units: unitsFrom(fields, plan.inputs.length + 1),
      training: trainingFrom(fields.any("training")),
      ...(task === "measure" ? {} : { scale: scaleFrom(fields.any("scale"), plan.inputs.length + 1) }),
      report: fields.any("report") === true,
      parameters,
    };
  });
}

export function encodeUpdate({ delta, ...header }: Update): Buffer {
  return encodeFrame("update", header, delta);
}

/**
 * @param columns inputs and target
 * @throws FrameError saying what is wrong: it may come from anybody
 */
export function decodeUpdate(bytes: Uint8Array, columns: number): Update {
  return checked("update", bytes, (fields, vector) => ({
    ...roundOf(fields),
    client: textOf(fields, "client"),
    base: String(fields.any("base")).slice(0, 64),
    rows: fields.index("rows", Number.MAX_SAFE_INTEGER),
    units: unitsFrom(fields, columns),
    before: lossOf(fields, "before"),
    after: lossOf(fields, "after"),
    ...(fields.any("moments") === undefined ? {} : { moments: momentsFrom(fields.any("moments"), columns) }),
    delta: vector,
  }));
}

export function encodeVerdict(verdict: Verdict): Buffer {
  return Buffer.from(JSON.stringify(verdict));
}

/** @throws FrameError */
export function decodeVerdict(bytes: Uint8Array): Verdict {
  if (bytes.length > 4096) throw new FrameError(`verdict: ${bytes.length} bytes, expected at most 4096`);
  return told("verdict", () => {
    const fields = new SavedState(JSON.parse(Buffer.from(bytes).toString("utf8")));
    const reason = fields.any("reason");
    return {
      ...roundOf(fields),
      kind: oneOf(fields, "kind", ["accepted", "duplicate", "late", "refused"]),
      ...(typeof reason === "string" ? { reason: reason.slice(0, 500) } : {}),
    };
  });
}

function checked<T>(kind: Frame["kind"], bytes: Uint8Array, read: (fields: SavedState, vector: Float32Array) => T): T {
  const frame = decodeFrame(bytes, MAX_MESSAGE_BYTES);
  if (frame.kind !== kind) throw new FrameError(`expected an ${kind}, got an ${frame.kind}`);
  return told(kind, () => read(new SavedState(frame.header), frame.vector));
}

/** Whatever a check throws is told as what is wrong with the message. */
function told<T>(kind: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new FrameError(`${kind}: ${error instanceof Error ? error.message : error}`);
  }
}

function roundOf(fields: SavedState): { session: string; round: number } {
  return { session: textOf(fields, "session"), round: fields.index("round", MAX_ROUNDS) };
}

function planFrom(value: unknown): Plan {
  const fields = new SavedState(value);
  return checkPlan({
    inputs: fields.list("inputs", MAX_INPUTS).map((sensor) => checkSensor(sensor, "inputs")),
    target: checkSensor(fields.any("target"), "target"),
    kind: oneOf(fields, "kind", ["number", "yesNo"] as const),
    hidden: fields.numbers("hidden", 16),
  });
}

/** Of before units were told: none is known. */
function unitsFrom(fields: SavedState, columns: number): Units {
  if (fields.any("units") === undefined) return new Array(columns).fill("");
  return checkUnits(fields.list("units", columns) as Units, columns);
}

function trainingFrom(value: unknown): Training {
  const fields = new SavedState(value);
  const [epochs, batch, seed] = [fields.number("epochs"), fields.number("batch"), fields.number("seed")];
  const [learningRate, proximal] = [fields.number("learningRate"), fields.number("proximal")];
  return checkTraining({ epochs, batch, learningRate, proximal, seed });
}

function momentsFrom(value: unknown, columns: number): Moments {
  const fields = new SavedState(value);
  const mean = fields.numbers("mean", columns);
  const deviation = fields.numbers("deviation", columns);
  integerWithin("columns", mean.length, columns, columns);
  integerWithin("columns", deviation.length, columns, columns);
  // Beyond it their squares are not finite.
  for (const one of mean) numberWithin("mean", one, -1e100, 1e100);
  for (const one of deviation) numberWithin("deviation", one, 0, 1e100);
  return { rows: fields.index("rows", Number.MAX_SAFE_INTEGER), mean, deviation };
}

function lossOf(fields: SavedState, name: string): number | undefined {
  const loss = fields.optionalNumber(name);
  return loss === undefined ? undefined : numberWithin(name, loss, 0, 1e100);
}

function textOf(fields: SavedState, name: string): string {
  const value = fields.any(name);
  if (typeof value === "string" && value.length > 0 && value.length <= 256) return value;
  throw new FrameError(`${name}: expected a text of 1 to 256 characters, got ${describe(value)}`);
}

function oneOf<const T extends string>(fields: SavedState, name: string, known: readonly T[]): T {
  const value = fields.any(name);
  const found = known.find((one) => one === value);
  if (found !== undefined) return found;
  throw new FrameError(`${name}: expected one of ${known.join(", ")}, got ${describe(value)}`);
}
