import type { NodeContext } from "../../../kit";
import { Once } from "../../../lib/text/once";

/** Devices with troubles that are told and shown; more have the same ones. */
const MOST_TOLD = 100;

/** What is wrong or doubtful with devices: told once each, and shown as long as it lasts. */
export class Troubles {
  readonly #told = new Once(MOST_TOLD);
  /** By device. */
  readonly #current = new Map<string, string>();

  constructor(private readonly context: Pick<NodeContext, "fail" | "warn">) {}

  /** Of the device that has had one most recently; undefined when none has. */
  get latest(): string | undefined {
    return [...this.#current.values()].at(-1);
  }

  /** @param problem why nothing can be estimated @param doubt something odd about the readings */
  show(
    deviceId: string,
    problem: string | undefined,
    doubt: { readonly cause: string; readonly text: string } | undefined,
  ): void {
    const text = problem ?? doubt?.text;
    if (text === undefined) {
      if (this.#current.size > 0) this.#current.delete(deviceId);
      return;
    }
    const said = `${deviceId}: ${text}`;
    if (this.#current.has(deviceId) || this.#current.size < MOST_TOLD) this.#current.set(deviceId, said);
    if (!this.#told.isNews(`${deviceId}/${problem === undefined ? doubt?.cause : "problem"}`)) return;
    if (problem === undefined) this.context.warn(said);
    else this.context.fail(said);
  }

  clear(): void {
    this.#told.forget();
    this.#current.clear();
  }
}
