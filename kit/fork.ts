import type { NodeMessage, Red, SendEvent } from "./red";

const HOOK = "preRoute.gatewise-fork";

/**
 * Where a wire forks, Node-RED gives each further branch a deep copy of the message, made by a general routine that takes
 * microseconds for every property. This hook makes the same copy of messages that carry batches, in a tenth of the time:
 * each branch has readings of its own and may change them unseen by the others. All other messages are left to Node-RED.
 */
export function installFork(red: Red): void {
  if (!red.hooks || red.hooks.has(HOOK)) return;
  const copyOther = <T>(value: T): T => red.util.cloneMessage(value);
  red.hooks.add(HOOK, (event: SendEvent) => {
    if (!event.cloneMessage || !carriesBatch(event.msg)) return;
    event.msg = copyMessage(event.msg, copyOther);
    event.cloneMessage = false;
  });
}

/** A batch is known by its first reading; what else is in it is copied whatever it is. */
function carriesBatch({ payload }: NodeMessage): boolean {
  if (!Array.isArray(payload)) return false;
  const first: unknown = payload[0];
  return (
    typeof first === "object" && first !== null && "deviceId" in first && "sensor" in first && "timestamp" in first
  );
}

/** Copies a message so that nothing that can be changed is shared, as Node-RED's own copy does. */
export function copyMessage(msg: NodeMessage, copyOther: <T>(value: T) => T): NodeMessage {
  // Node-RED's copy shares an HTTP request and response on purpose; it is left to it with all but the batch.
  const copy = copyOther<NodeMessage>({ ...msg, payload: undefined });
  copy.payload = copyValue(msg.payload, copyOther, 0);
  return copy;
}

/** Deeper than any reading; what nests deeper may nest in itself, which Node-RED's copy can follow. */
const MAX_DEPTH = 6;

function copyValue(value: unknown, copyOther: <T>(value: T) => T, depth: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (depth > MAX_DEPTH) return copyOther(value);
  if (Array.isArray(value)) return copyArray(value, copyOther, depth);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return copyOther(value);
  return copyObject(value as Record<string, unknown>, prototype, copyOther, depth);
}

function copyArray(array: readonly unknown[], copyOther: <T>(value: T) => T, depth: number): unknown[] {
  const copy = new Array<unknown>(array.length);
  for (let index = 0; index < array.length; index += 1) copy[index] = copyValue(array[index], copyOther, depth + 1);
  return copy;
}

function copyObject(
  object: Record<string, unknown>,
  prototype: object | null,
  copyOther: <T>(value: T) => T,
  depth: number,
): Record<string, unknown> {
  const copy: Record<string, unknown> = prototype === null ? Object.assign(Object.create(null), object) : { ...object };
  for (const key in copy) {
    const value = copy[key];
    if (typeof value === "object" && value !== null) copy[key] = copyValue(value, copyOther, depth + 1);
  }
  return copy;
}
