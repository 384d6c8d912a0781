import { type BusClock, wallClock } from "../clock";
import type { BusKind, Transports } from "../contract";
import type { BusError } from "../error";
import { SharedBus } from "../shared";
import type { ModelDefinition, Placement } from "./contract";
import { gpioTransport } from "./gpio";
import { i2cTransport } from "./i2c";
import { oneWireTransport } from "./one-wire";
import { SimulatedPart } from "./part";
import { serialTransport } from "./serial";
import { spiTransport } from "./spi";
import { SimulatedWorld, type WorldOptions } from "./world";

export interface PlugOptions extends Placement, Partial<Omit<WorldOptions, "clock">> {}

/** The parts of a simulated bus by their place: I2C address, chip select, ROM id, Modbus unit or GPIO line. */
export interface Places<K extends BusKind> {
  readonly clock: BusClock;
  at(place: number | string): SimulatedPart<K> | undefined;
  all(): readonly (readonly [place: number | string, part: SimulatedPart<K>])[];
  /** @throws BusError while the bus is stuck or gone */
  check(): void;
}

/** A bus without wires: its parts are register-level models, and a driver cannot tell the difference. */
export class SimulatedBus<K extends BusKind = BusKind> {
  readonly #parts = new Map<number | string, SimulatedPart<K>>();
  /** What every transfer fails with, when the bus as a whole is at fault. */
  #fault: BusError | undefined;
  /** Transports in use: closing them all is what pulling the adapter out does. */
  readonly #gone = new Set<(error: Error) => void>();

  constructor(
    readonly kind: K,
    readonly clock: BusClock = wallClock,
  ) {}

  /**
   * Puts a part on the bus.
   * @throws RangeError when the place is taken, or for values that the model does not have
   */
  plug(definition: ModelDefinition<K>, { seed, values, recording, disturbances, ...placement }: PlugOptions = {}) {
    const place = placeOf(this.kind, placement);
    if (this.#parts.has(place)) throw new RangeError(`there is a part at ${place} already`);
    const worldSeed = seed ?? `${this.kind}/${place}`;
    const { clock } = this;
    const world = new SimulatedWorld(definition.quantities, {
      seed: worldSeed,
      clock,
      values,
      recording,
      disturbances,
    });
    const part = new SimulatedPart(definition, world, placement);
    this.#parts.set(place, part);
    return part;
  }

  /** The part at a place, if there is one. */
  partAt(placement: Placement): SimulatedPart<K> | undefined {
    return this.#parts.get(placeOf(this.kind, placement));
  }

  remove(placement: Placement): void {
    this.#parts.delete(placeOf(this.kind, placement));
  }

  /** Lets every transfer fail: a clock line that is held down, a device file that has vanished. Undefined ends it. */
  breakDown(fault: BusError | undefined): void {
    this.#fault = fault;
    if (!fault) return;
    for (const tell of this.#gone) tell(fault);
    this.#gone.clear();
  }

  /** What drivers are connected to. */
  shared(key: string = `simulated-${this.kind}`): SharedBus<K> {
    return new SharedBus({ kind: this.kind, key, clock: this.clock, open: () => this.open() });
  }

  async open(): Promise<Transports[K]> {
    if (this.#fault) throw this.#fault;
    const places: Places<K> = {
      clock: this.clock,
      at: (place) => this.#parts.get(place),
      all: () => [...this.#parts],
      check: () => {
        if (this.#fault) throw this.#fault;
      },
    };
    const onGone = (tell: (error: Error) => void) => {
      this.#gone.add(tell);
      return () => void this.#gone.delete(tell);
    };
    return TRANSPORTS[this.kind](places as never, onGone) as Transports[K];
  }
}

const TRANSPORTS = {
  i2c: i2cTransport,
  spi: spiTransport,
  serial: serialTransport,
  oneWire: oneWireTransport,
  gpio: gpioTransport,
} satisfies { [K in BusKind]: (places: Places<K>, onGone: OnGone) => Transports[K] };

export type OnGone = (tell: (error: Error) => void) => () => void;

function placeOf(kind: BusKind, { address, chipSelect = 0, rom }: Placement): number | string {
  switch (kind) {
    case "spi":
      return chipSelect;
    case "oneWire":
      return rom ?? "";
    case "serial":
      return address ?? 0;
    default:
      if (address === undefined)
        throw new RangeError(`expected ${kind === "gpio" ? "a line" : "an address"} for the part`);
      return address;
  }
}
