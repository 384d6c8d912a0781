/** A wall clock that moved apart from the steady one by more was set, as when a gateway first hears what time it is. */
const JUMP_MS = 5000;

/** Notices when the wall clock is set. */
export class SteadyClock {
  #lastWall: number;
  #lastSteady: number;

  /**
   * @param wall ms since the epoch
   * @param steady ms since whenever, by a clock that never jumps
   */
  constructor(
    private readonly wall: () => number,
    private readonly steady: () => number = () => performance.now(),
  ) {
    this.#lastWall = wall();
    this.#lastSteady = steady();
  }

  /** ms since the epoch */
  now(): number {
    return this.wall();
  }

  /** By how many ms the wall clock was set since the last call; 0 when it was not. */
  jump(): number {
    const [wall, steady] = [this.wall(), this.steady()];
    const jump = wall - this.#lastWall - (steady - this.#lastSteady);
    this.#lastWall = wall;
    this.#lastSteady = steady;
    return Math.abs(jump) < JUMP_MS ? 0 : jump;
  }
}
