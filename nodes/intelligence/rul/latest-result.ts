import { type Outputs, Ports } from "../../../kit";
import type { Reading } from "../../../lib/reading";

/** For the status: the last result in a few words, or what has become of that device since. */
export class LatestResult {
  #deviceId = "";
  #words = "";
  #isDue = false;

  /** @param dueBelow hours that are left when maintenance is due */
  constructor(private readonly dueBelow: number) {}

  get text(): string {
    return this.#words && `, ${this.#deviceId}: ${this.#words}`;
  }

  /** That somebody should look after the device. */
  get isDue(): boolean {
    return this.#isDue;
  }

  take(outputs: Outputs): void {
    const [results, phases] = outputs instanceof Ports ? outputs.outputs.map(readingsOf) : [];
    const result = results?.findLast(({ sensor }) => sensor === "rul" || sensor === "maintenance_probability");
    if (result) {
      this.#deviceId = result.deviceId;
      this.#words = wordsOf(result);
      this.#isDue =
        result.sensor === "rul" ? Number(result.value) < this.dueBelow : result.metadata?.severity !== undefined;
    }
    const phase = phases?.findLast(({ deviceId }) => deviceId === this.#deviceId);
    // A device that is not predicted any more has no remaining life either, whatever was told of it in the same batch.
    if (phase && phase.value !== "predicted") {
      this.#words = String(phase.value);
      this.#isDue = false;
    }
  }

  clear(): void {
    this.#deviceId = this.#words = "";
    this.#isDue = false;
  }
}

function readingsOf(output: unknown): readonly Reading[] {
  return Array.isArray(output) ? output : [];
}

function wordsOf({ sensor, value }: Reading): string {
  const number = Number(value);
  if (sensor !== "rul") return `${(100 * number).toFixed(0)} %`;
  return `${number < 100 ? number.toFixed(1) : number.toFixed(0)} h left`;
}
