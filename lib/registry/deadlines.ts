import { type DeviceRecord, NOT_WATCHED } from "./record";

/** How exactly deadlines are met. */
const BUCKET_MS = 1000;

/**
 * Finds devices whose deadline has passed without looking at all of them. Each watched device waits in one bucket, that
 * of the deadline it had when it was put there. Being seen does not move it: when the bucket is due its real deadline
 * is looked up, and it is put into that one's bucket. So each device is looked at about once per threshold.
 */
export class Deadlines {
  readonly #buckets = new Map<number, DeviceRecord[]>();
  #lastDue = Number.NEGATIVE_INFINITY;

  /** Watches the device until its deadline, in ms since the epoch; an earlier watch of it ends. */
  watch(record: DeviceRecord, deadline: number): void {
    const bucket = Math.max(Math.ceil(deadline / BUCKET_MS), this.#lastDue + 1);
    if (record.bucket === bucket) return;
    record.bucket = bucket;
    const others = this.#buckets.get(bucket);
    if (others) others.push(record);
    else this.#buckets.set(bucket, [record]);
  }

  unwatch(record: DeviceRecord): void {
    record.bucket = NOT_WATCHED;
  }

  /** Takes out and returns the devices whose buckets are due, at most `limit` of them; the rest are due the next time. */
  takeDue(now: number, limit = Number.POSITIVE_INFINITY): DeviceRecord[] {
    const due: DeviceRecord[] = [];
    for (const bucket of this.#dueBuckets(Math.floor(now / BUCKET_MS))) {
      if (!this.#empty(bucket, due, limit)) break;
      this.#lastDue = Math.max(this.#lastDue, bucket);
    }
    return due;
  }

  /** Forgets all watches: for a clock that has jumped. */
  clear(): void {
    for (const records of this.#buckets.values()) for (const record of records) record.bucket = NOT_WATCHED;
    this.#buckets.clear();
    this.#lastDue = Number.NEGATIVE_INFINITY;
  }

  /** Moves the bucket's devices to `due` until that has `limit`; true when the bucket is empty. */
  #empty(bucket: number, due: DeviceRecord[], limit: number): boolean {
    const records = this.#buckets.get(bucket) ?? [];
    while (due.length < limit && records.length > 0) {
      const record = records.pop() as DeviceRecord;
      // Who has been moved to another bucket, or is no longer watched, is still listed in its old one.
      if (record.bucket !== bucket) continue;
      record.bucket = NOT_WATCHED;
      due.push(record);
    }
    if (records.length > 0) return false;
    this.#buckets.delete(bucket);
    return true;
  }

  #dueBuckets(last: number): number[] {
    const count = last - this.#lastDue;
    if (count > this.#buckets.size) {
      const due = [...this.#buckets.keys()].filter((bucket) => bucket < last).sort((a, b) => a - b);
      return [...due, last];
    }
    return Array.from({ length: Math.max(0, count) }, (_, i) => this.#lastDue + 1 + i);
  }
}
