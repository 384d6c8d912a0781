import { checkReading, describe, ReadingError } from "./check";
import type { Reading } from "./reading";

/** What could be read from a message, and what could not with the reason. */
export interface Intake {
  readonly readings: readonly Reading[];
  readonly refused: readonly Refusal[];
}

export interface Refusal {
  readonly input: unknown;
  readonly reason: string;
}

const NONE: readonly Refusal[] = [];

/** A message as Node-RED passes it; only these two properties are looked at. */
export interface MessageLike {
  readonly payload?: unknown;
  readonly topic?: unknown;
}

/**
 * Reads a message's payload as readings: a batch, one reading, or a plain number, boolean or numeric string, which takes
 * its device from `msg.topic` and the time from `now`. Never throws; what is refused comes back with its reason.
 */
export function readingsFromMessage(msg: MessageLike, now: number): Intake {
  const { payload } = msg;
  if (Array.isArray(payload)) return readBatch(payload, now);
  try {
    const reading = isPlain(payload) ? readPlain(payload, msg.topic, now) : checkReading(payload, now, "msg.payload");
    return { readings: [reading], refused: NONE };
  } catch (error) {
    return { readings: [], refused: [refusal(payload, error)] };
  }
}

function readBatch(batch: readonly unknown[], now: number): Intake {
  const trusted = batch as readonly Reading[];
  if (allLookChecked(batch)) return { readings: trusted, refused: NONE };
  const readings: Reading[] = [];
  const refused: Refusal[] = [];
  for (const [index, input] of batch.entries()) {
    try {
      readings.push(checkReading(input, now, `msg.payload[${index}]`));
    } catch (error) {
      refused.push(refusal(input, error));
    }
  }
  return { readings, refused };
}

/** Also false for a hole in the array, which `every` would leave out. */
function allLookChecked(batch: readonly unknown[]): boolean {
  for (let i = 0; i < batch.length; i++) if (!looksChecked(batch[i])) return false;
  return true;
}

/**
 * The cheap test for a reading that one of our nodes has already checked: the right fields with the right types. Only
 * what fails it pays for the full check, so that a batch costs nanoseconds a reading at each node it passes.
 */
function looksChecked(input: unknown): boolean {
  if (typeof input !== "object" || input === null) return false;
  const { deviceId, sensor, value, unit, timestamp, quality } = input as Record<string, unknown>;
  return (
    typeof deviceId === "string" &&
    deviceId !== "" &&
    !deviceId.includes("/") &&
    typeof sensor === "string" &&
    sensor !== "" &&
    typeof unit === "string" &&
    Number.isFinite(timestamp) &&
    (quality === "good" || quality === "uncertain" || quality === "bad") &&
    (typeof value === "number"
      ? Number.isFinite(value)
      : typeof value === "boolean" || typeof value === "string" || (value === null && quality === "bad"))
  );
}

type Plain = number | boolean | string;

function isPlain(payload: unknown): payload is Plain {
  return typeof payload === "number" || typeof payload === "boolean" || typeof payload === "string";
}

function readPlain(payload: Plain, topic: unknown, now: number): Reading {
  const value = typeof payload === "string" ? numberFrom(payload) : payload;
  const deviceId = deviceFromTopic(topic);
  return checkReading({ deviceId, sensor: "value", value, unit: "1", timestamp: now, quality: "good" }, now, "msg");
}

function numberFrom(text: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (Number.isFinite(value)) return value;
  throw new ReadingError(`expected readings, a number or a numeric string, got ${describe(text)}`, "msg.payload");
}

/** A topic such as `devices/pump-1/telemetry` names pump-1; any other topic is the device id once "/" became ".". */
function deviceFromTopic(topic: unknown): string {
  if (typeof topic !== "string" || topic === "") {
    throw new ReadingError("a plain value needs msg.topic as its device id, and it is empty", "msg.topic");
  }
  const own = /^devices\/([^/]+)(?:\/|$)/.exec(topic)?.[1];
  return own ?? topic.replaceAll("/", ".");
}

function refusal(input: unknown, error: unknown): Refusal {
  return { input, reason: error instanceof Error ? error.message : String(error) };
}
