import { SavedState, type Snapshotable } from "../numeric/state";

/** A rise by more than so many usual ones is doubted. */
const DOUBTED_RISES = 1000;

/**
 * What a counter of a device, an hours meter or one of cycles, has counted since its first report. One that starts again from
 * below, as after a repair of the meter, goes on from where it was; one that falls or leaps for a report or two, as
 * while its device starts or when a bit is lost, stays where it was: what was never counted before is believed only
 * when it is seen to count on.
 */
export class DeviceCounter implements Snapshotable {
  #latest: number | undefined;
  #offset = 0;
  /** Total at the first report, and rises since. */
  #first = 0;
  #rises = 0;
  #doubted: number | undefined;

  /** Undefined before the first report. */
  get total(): number | undefined {
    return this.#latest === undefined ? undefined : this.#latest + this.#offset;
  }

  take(count: number): void {
    const latest = this.#latest;
    if (latest === undefined) this.#latest = this.#first = count;
    else if (count >= latest && !this.#isLeap(latest, count)) this.#goOn(latest, count);
    else if (this.#countsOnFrom(this.#doubted, count)) this.#believe(latest, this.#doubted as number, count);
    else this.#doubted = count;
  }

  #isLeap(from: number, to: number): boolean {
    const total = (this.#latest as number) + this.#offset;
    return this.#rises > 0 && to - from > (DOUBTED_RISES * (total - this.#first)) / this.#rises;
  }

  /** One that stands still does not count: a 0 that is repeated says as little as a single one. */
  #countsOnFrom(doubted: number | undefined, count: number): boolean {
    return doubted !== undefined && count > doubted && !this.#isLeap(doubted, count);
  }

  #believe(latest: number, doubted: number, count: number): void {
    if (doubted < latest) this.#offset += latest - doubted;
    this.#goOn(Number.NEGATIVE_INFINITY, count);
  }

  #goOn(from: number, count: number): void {
    if (count > from) this.#rises += 1;
    this.#latest = count;
    this.#doubted = undefined;
  }

  snapshot(): unknown {
    const [latest, offset, first] = [this.#latest, this.#offset, this.#first];
    return { latest, offset, first, rises: this.#rises, doubted: this.#doubted };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const [latest, offset] = [saved.optionalNumber("latest"), saved.number("offset")];
    const first = saved.optionalNumber("first") ?? (latest ?? 0) + offset;
    const rises = saved.index("rises", Number.MAX_SAFE_INTEGER);
    this.#doubted = saved.optionalNumber("doubted");
    [this.#latest, this.#offset, this.#first, this.#rises] = [latest, offset, first, rises];
  }
}
