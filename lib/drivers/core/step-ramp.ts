/** One step of a motor: which way, and how long after the step before. */
export interface MotorStep {
  readonly direction: 1 | -1;
  readonly seconds: number;
  /** Steps from standstill that the speed after this step stands for. */
  readonly level: number;
}

/**
 * When a stepper takes its steps so that it speeds up and slows down evenly, to a target that may change on the way.
 *
 * Speed after k steps from standstill at constant acceleration a is sqrt(2 a k), and a step between two speeds takes
 * 2 / (v1 + v2): both are the equations of motion, without approximation. So a whole number, the level k, is all there is to
 * keep, and as many steps are needed to stop.
 */
export class StepRamp {
  /** Where the motor is and is to go, in steps. */
  position = 0;
  target = 0;
  #direction: 1 | -1 = 1;
  #level = 0;
  readonly #topLevel: number;

  /**
   * @param speed steps/s, more than 0
   * @param acceleration steps/s2, more than 0
   */
  constructor(
    private readonly speed: number,
    private readonly acceleration: number,
  ) {
    if (!(speed > 0 && acceleration > 0)) throw new RangeError("expected a speed and an acceleration of more than 0");
    this.#topLevel = Math.max(1, Math.ceil(speed ** 2 / (2 * acceleration)));
  }

  /** The step to take next, undefined when the motor stands at its target. */
  next(): MotorStep | undefined {
    const distance = this.target - this.position;
    if (distance === 0 && this.#level === 0) return undefined;
    const direction = this.#level > 0 ? this.#direction : distance > 0 ? 1 : -1;
    const ahead = distance * direction;
    const wanted = Math.max(0, Math.min(this.#level + 1, this.#topLevel, ahead - 1));
    const level = Math.max(this.#level - 1, wanted);
    return { direction, level, seconds: this.#secondsBetween(this.#level, level) };
  }

  /** The step was taken. */
  take({ direction, level }: MotorStep): void {
    this.position += direction;
    this.#direction = direction;
    this.#level = level;
  }

  /** Stops as soon as it can. */
  stop(): void {
    this.target = this.position + this.#direction * this.#level;
  }

  /** The motor has lost its speed: it was not driven for a while. */
  halt(): void {
    this.#level = 0;
    this.target = this.position;
  }

  #secondsBetween(from: number, to: number): number {
    // A single step: half of it speeding up, half slowing down.
    if (from === 0 && to === 0) return Math.max(2 / Math.sqrt(this.acceleration), 1 / this.speed);
    return 2 / (this.#speedAt(from) + this.#speedAt(to));
  }

  #speedAt(level: number): number {
    return level >= this.#topLevel ? this.speed : Math.sqrt(2 * this.acceleration * level);
  }
}
