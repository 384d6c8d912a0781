import { ModelError } from "../model/contract";
import type { Entry, RequestQueue } from "./request-queue";
import { samplesFrom, type Tensors } from "./tensor";

export interface QueuedEntry {
  readonly entry: Entry;
  readonly queue: RequestQueue;
}

/** The queues of a model's users, who take turns. */
export class Turns {
  readonly #queues: RequestQueue[] = [];

  join(queue: RequestQueue): void {
    this.#queues.push(queue);
  }

  leave(queue: RequestQueue): void {
    const at = this.#queues.indexOf(queue);
    if (at >= 0) this.#queues.splice(at, 1);
  }

  /** One request of each queue in turn, as long as they can run together. */
  nextBatch(): QueuedEntry[] {
    const batch: QueuedEntry[] = [];
    let samples = 0;
    for (let found = true; found; ) {
      found = false;
      for (const queue of [...this.#queues]) {
        const { head } = queue;
        if (!head || !fits(batch[0]?.entry, head, samples)) continue;
        batch.push({ entry: head, queue });
        samples += head.count;
        queue.take();
        found = true;
      }
    }
    // Who was first now is last next time.
    const [first] = this.#queues;
    if (first && this.#queues.length > 1) this.#queues.push(this.#queues.shift() as RequestQueue);
    return batch;
  }
}

function fits(first: Entry | undefined, next: Entry, samples: number): boolean {
  if (!first) return true;
  return (
    first.version === next.version &&
    first.shape === next.shape &&
    first.deaths === 0 &&
    next.deaths === 0 &&
    samples + next.count <= first.version.maxBatch
  );
}

/** Gives each request its part of the outputs. @throws ModelError when they have not a row for each sample */
export function answer(entries: readonly Entry[], outputs: Tensors, count: number): void {
  if (entries.length === 1) {
    entries[0]?.resolve(outputs);
    return;
  }
  for (const [name, { shape }] of outputs) {
    if (shape[0] === count) continue;
    throw new ModelError(
      `output "${name}" has ${shape[0] ?? "no"} rows for ${count} samples: set the largest batch to 1`,
    );
  }
  let start = 0;
  for (const entry of entries) {
    entry.resolve(samplesFrom(outputs, start, entry.count));
    start += entry.count;
  }
}
