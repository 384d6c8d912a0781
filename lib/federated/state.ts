import { SavedState, StateError } from "../numeric";
import { MAX_ROUNDS, type Task } from "./messages";
import { type Scale, scaleFrom } from "./scale";
import { checkUnits, type Units } from "./units";
import { vectorBytes, vectorFor, vectorOf } from "./vector";

/** Where a federation stands. */
export interface FederationState {
  readonly session: string;
  readonly task: Task;
  /** The open round; when done, the last one. */
  readonly round: number;
  /** Times in ms since the epoch. */
  readonly opensAt: number;
  readonly deadline: number;
  /** How often the open round had too few updates at its end. */
  readonly extended: number;
  /** Of inputs and target, as far as they are known. */
  readonly units: Units;
  readonly parameters: Float32Array;
  /** The mean deltas of the rounds before, faded: what momentum adds to the next one. */
  readonly velocity: Float32Array;
  /** There as soon as clients train. */
  readonly scale?: Scale;
}

const TASKS: readonly Task[] = ["measure", "train", "done"];

export function encodeState({ parameters, velocity, ...rest }: FederationState): unknown {
  return { ...rest, parameters: textOf(parameters), velocity: textOf(velocity) };
}

/** @throws StateError, RangeError or FrameError when it is not the state of such a federation */
export function decodeState(value: unknown, columns: number, parameterCount: number): FederationState {
  const saved = new SavedState(value);
  const session = saved.any("session");
  const task = TASKS.find((one) => one === saved.any("task"));
  if (typeof session !== "string" || task === undefined) throw new StateError("session, task: expected texts");
  return {
    ...{ session, task },
    round: saved.index("round", MAX_ROUNDS),
    opensAt: saved.number("opensAt"),
    deadline: saved.number("deadline"),
    extended: saved.index("extended", Number.MAX_SAFE_INTEGER),
    units: unitsFrom(saved, columns),
    parameters: vectorFrom(saved, "parameters", parameterCount),
    velocity: vectorFrom(saved, "velocity", parameterCount),
    ...(task === "measure" ? {} : { scale: scaleFrom(saved.any("scale"), columns) }),
  };
}

/** States of before units were kept have none. */
function unitsFrom(saved: SavedState, columns: number): Units {
  if (saved.any("units") === undefined) return new Array(columns).fill("");
  return checkUnits(saved.list("units", columns) as Units, columns);
}

function textOf(vector: Float32Array): string {
  return vectorBytes(vector).toString("base64");
}

function vectorFrom(saved: SavedState, name: string, length: number): Float32Array {
  const text = saved.any(name);
  if (typeof text !== "string") throw new StateError(`${name}: expected a text`);
  return vectorFor(vectorOf(Buffer.from(text, "base64")), length);
}
