import type { BusKind } from "../contract";
import { BusError } from "../error";
import { type ModelDefinition, type Models, Nack, type Placement } from "./contract";
import type { SimulatedWorld } from "./world";

/** A simulated part on its bus. It can be taken away, made to refuse and to be misheard, by plan and by hand. */
export class SimulatedPart<K extends BusKind = BusKind> {
  #model: Models[K] | undefined;
  #isPlugged = true;
  #nacks = 0;
  #corruptions = 0;

  constructor(
    readonly definition: ModelDefinition<K>,
    readonly world: SimulatedWorld,
    readonly placement: Placement,
  ) {}

  /** The model in its present state, new after power was lost. */
  get model(): Models[K] {
    this.#model ??= this.definition.create(this.world, this.placement);
    return this.#model;
  }

  /** False while it is unplugged or without power. */
  get isPresent(): boolean {
    const isPresent = this.#isPlugged && !this.world.suffers("dropout");
    if (!isPresent) this.#model = undefined;
    return isPresent;
  }

  unplug(): void {
    this.#isPlugged = false;
    this.#model = undefined;
  }

  plug(): void {
    this.#isPlugged = true;
  }

  /** Does not acknowledge so many times. */
  refuseNext(times = 1): void {
    this.#nacks = times;
  }

  /** Turns a bit over in each of the next so many answers. */
  corruptNext(times = 1): void {
    this.#corruptions = times;
  }

  /** Uses the model. @throws BusError, code nack, when the part is not there or refuses */
  use<R>(work: (model: Models[K]) => R): R {
    if (!this.isPresent) throw new BusError("nack", "no device answers");
    if (this.#takeOne("nack")) throw new BusError("nack", "the device did not acknowledge");
    try {
      return work(this.model);
    } catch (error) {
      if (error instanceof Nack) throw new BusError("nack", `the device did not acknowledge: ${error.message}`);
      throw error;
    }
  }

  /** What arrives of what the part says. */
  heard(bytes: Uint8Array): Uint8Array {
    if (bytes.length === 0 || !this.#takeOne("corrupt")) return bytes;
    const damaged = Uint8Array.from(bytes);
    damaged[0]! ^= 0x10;
    return damaged;
  }

  #takeOne(kind: "nack" | "corrupt"): boolean {
    if (this.world.suffers(kind)) return true;
    if (kind === "nack" && this.#nacks > 0) return this.#nacks-- > 0;
    return kind === "corrupt" && this.#corruptions > 0 && this.#corruptions-- > 0;
  }
}
