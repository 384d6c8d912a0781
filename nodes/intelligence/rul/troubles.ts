import type { NodeContext } from "../../../kit";
import { LatelyHeard } from "../../../lib/clock";
import type { Reading } from "../../../lib/reading";
import { Once } from "../../../lib/text/once";

/** Devices with troubles that are told and shown; more have the same ones. */
const MOST_TOLD = 100;

/** What is wrong or doubtful with devices: told once each, and shown as long as it lasts. */
export class Troubles {
  readonly #told = new Once(MOST_TOLD);
  /** By device. */
  readonly #current = new Map<string, string>();
  readonly #heard = new LatelyHeard();

  constructor(private readonly context: Pick<NodeContext, "fail" | "warn">) {}

  /** Of the device that has had one most recently; undefined when none has that was heard of lately. */
  get latest(): string | undefined {
    return [...this.#current].findLast(([deviceId]) => this.#heard.isRecent(deviceId))?.[1];
  }

  /** @param reading the device's newest @param problem why nothing can be estimated @param doubt something odd about the readings */
  show(
    { deviceId, timestamp }: Pick<Reading, "deviceId" | "timestamp">,
    problem: string | undefined,
    doubt: { readonly cause: string; readonly text: string } | undefined,
  ): void {
    this.#heard.hear(deviceId, timestamp);
    const text = problem ?? doubt?.text;
    if (text === undefined) {
      this.forget(deviceId);
      return;
    }
    const said = `${deviceId}: ${text}`;
    this.#show(deviceId, said);
    if (!this.#told.isNews(`${deviceId}/${problem === undefined ? doubt?.cause : "problem"}`)) return;
    if (problem === undefined) this.context.warn(said);
    else this.context.fail(said);
  }

  #show(deviceId: string, said: string): void {
    if (!this.#current.has(deviceId) && this.#current.size >= MOST_TOLD) {
      const gone = [...this.#current.keys()].find((other) => !this.#heard.isRecent(other));
      if (gone === undefined) return;
      this.forget(gone);
    }
    this.#current.set(deviceId, said);
    this.#heard.watch(deviceId);
  }

  /** It has no trouble any more, or its state has gone. */
  forget(deviceId: string): void {
    if (!this.#current.delete(deviceId)) return;
    this.#heard.forget(deviceId);
  }

  clear(): void {
    this.#told.forget();
    this.#current.clear();
    this.#heard.clear();
  }
}
