import type { Edge } from "../bus";
import { type GpioModel, gpioModel, type ModelDefinition, type Quantity, type World } from "../bus/simulated";

/** How finely a simulated line is computed, ms. */
const STEP_MS = 5;
/** After a longer pause than this nobody looks at the edges in between, ms. */
const LONGEST_MS = 120_000;

/** A reed contact's bounces, ms after the edge. */
const BOUNCES = [0.4, 0.9, 1.3, 1.6];

interface Change {
  readonly edge: Edge;
  readonly timestamp: number;
}

/** A part that pulls its line down for half of each pulse; pulses come at the quantity's value times `perUnit`, in Hz. */
export function pulseModel(quantity: Quantity, perUnit: number): ModelDefinition<"gpio", "flow"> {
  return gpioModel({ quantities: { flow: quantity }, create: (world) => new PulsingLine(world, perUnit) });
}

/** A contact to ground that is closed while the quantity is at least 0.5; it bounces as contacts do. */
export function contactModel(quantity: Quantity): ModelDefinition<"gpio", "active"> {
  return gpioModel({ quantities: { active: quantity }, create: (world) => new ContactLine(world, true) });
}

/** A detector that drives its line high while the quantity is at least 0.5. */
export function detectorModel(quantity: Quantity): ModelDefinition<"gpio", "active"> {
  return gpioModel({ quantities: { active: quantity }, create: (world) => new ContactLine(world, false) });
}

class PulsingLine implements GpioModel {
  /** Half pulses so far, and when. */
  #phase = 0;
  #at: number;

  constructor(
    private readonly world: World<"flow">,
    private readonly perUnit: number,
  ) {
    this.#at = world.clock.now();
  }

  level(): boolean {
    return Math.floor(this.#phase) % 2 === 0;
  }

  edges(_from: number, to: number): Change[] {
    const changes: Change[] = [];
    this.#at = Math.max(this.#at, to - LONGEST_MS);
    while (this.#at < to) {
      const step = Math.min(STEP_MS, to - this.#at);
      const halves = (2 * Math.max(0, this.world.value("flow", this.#at)) * this.perUnit * step) / 1000;
      const end = this.#phase + halves;
      for (let next = Math.floor(this.#phase) + 1; next <= end; next++) {
        const timestamp = this.#at + (step * (next - this.#phase)) / halves;
        changes.push({ edge: next % 2 === 0 ? "rising" : "falling", timestamp });
      }
      this.#phase = end;
      this.#at += step;
    }
    return changes;
  }
}

class ContactLine implements GpioModel {
  /** Edges that were found but lie beyond what was asked for. */
  #rest: readonly Change[] = [];
  #active: boolean;

  constructor(
    private readonly world: World<"active">,
    private readonly isToGround: boolean,
  ) {
    this.#active = this.#isActive(world.clock.now());
  }

  level(at: number): boolean {
    return this.#isActive(at) !== this.isToGround;
  }

  edges(from: number, to: number): readonly Change[] {
    const changes: Change[] = [...this.#rest];
    for (let at = Math.max(from, to - LONGEST_MS) + STEP_MS; at <= to; at += STEP_MS) {
      if (this.#isActive(at) === this.#active) continue;
      this.#active = !this.#active;
      const edge = this.#active === this.isToGround ? "falling" : "rising";
      changes.push({ edge, timestamp: at }, ...(this.isToGround ? bounces(edge, at) : []));
    }
    this.#rest = changes.filter(({ timestamp }) => timestamp > to);
    return changes.filter(({ timestamp }) => timestamp <= to);
  }

  #isActive(at: number): boolean {
    return this.world.value("active", at) >= 0.5;
  }
}

function bounces(edge: Edge, at: number): Change[] {
  const other = edge === "rising" ? "falling" : "rising";
  return BOUNCES.map((after, index) => ({ edge: index % 2 === 0 ? other : edge, timestamp: at + after }));
}
