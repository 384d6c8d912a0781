import { SavedState, type Snapshotable, StateError } from "../../numeric/state";
import { ROUNDING } from "../severity";
import { Extremes } from "./extremes";
import { HeldBack } from "./held-back";
import { partOf } from "./season";
import { FIRST_SPREAD, MEMBERS, SEASON, SEASON_TRACK, SPREAD, TRACKS, type Tracks, VALUE_TRACK } from "./tracks";

/** -log10 p beyond which a spell counts, one in a hundred. Spells last, so whatever lasts longest is a record by its nature. */
const SPELL = 2;

/** Windows that do not overlap, before the quietest of them says anything. */
const SPREAD_MINIMUM = 20;
/** Extremes of parts of the season, two of each, before the farthest of them says anything: a whole season. */
const SEASON_MINIMUM = 96;

export interface RecordSettings {
  /** Values a track must have seen before it has a say. */
  readonly minimum: number;
  /** Values back that count as history. */
  readonly memory: number;
  readonly period: number;
  readonly resolution: number;
}

/**
 * How far beyond its record each member is, as -log10 p.
 *
 * Records are asked for in two ways. Against all that came before: what comes suddenly is then far beyond. And, for spells,
 * against what came before the spell began, since each step of a slow change is only a little beyond the step before.
 */
export class Records implements Snapshotable {
  /** -log10 p by member, 0 for those that find nothing. */
  readonly evidence = new Float64Array(MEMBERS.length);
  /** Where the reading lies on the track where it is strongest: 0 in the middle of what was seen, 1 at its edge. */
  position = 0;
  readonly #extremes: readonly Extremes[];
  readonly #held: HeldBack;

  constructor(private readonly settings: RecordSettings) {
    this.#extremes = TRACKS.map(() => new Extremes(settings.memory));
    this.#held = new HeldBack(settings.memory);
  }

  get isReady(): boolean {
    return this.#isReady(VALUE_TRACK);
  }

  of(track: number): Extremes {
    return this.#extremes[track] as Extremes;
  }

  #isReady(track: number): boolean {
    return this.of(track).count >= (track >= FIRST_SPREAD ? SPREAD_MINIMUM : this.settings.minimum);
  }

  /** Asks all members about the features that the tracks have taken of a value. */
  ask(tracks: Tracks, value: number): void {
    this.evidence.fill(0);
    this.position = 0;
    for (let track = 0; track < FIRST_SPREAD; track++) this.#askTrack(track, tracks, value);
    if (this.#held.extremes.count >= SEASON_MINIMUM) {
      this.#askSpell(SEASON, tracks.features[SEASON_TRACK] as number, this.#held.extremes);
    }
    for (let track = FIRST_SPREAD; track < TRACKS.length; track++) {
      if (this.#isReady(track)) this.#askSpell(SPREAD, tracks.features[track] as number, this.of(track));
    }
  }

  #askTrack(track: number, tracks: Tracks, value: number): void {
    const feature = tracks.features[track] as number;
    if (Number.isNaN(feature) || !this.#isReady(track)) return;
    const { low, high, count } = this.of(track);
    const rounding = ROUNDING * Math.max(Math.abs(value), Math.abs(low), Math.abs(high));
    const span = Math.max(high - low, this.settings.resolution, rounding, Number.MIN_VALUE);
    const beyond = Math.max(feature - high, low - feature);
    this.position = Math.max(this.position, 1 + (2 * beyond) / span);
    const margin = (beyond - tracks.grainOf(track)) / span;
    if (margin <= 0) return;
    const member = TRACKS[track] as number;
    this.evidence[member] = (this.evidence[member] as number) + margin * Math.log10(count);
  }

  #askSpell(member: number, feature: number, { low, high, count }: Extremes): void {
    const beyond = Math.max(feature - high, low - feature);
    const rounding = ROUNDING * Math.max(Math.abs(low), Math.abs(high));
    const span = Math.max(high - low, rounding, Number.MIN_VALUE);
    const evidence = (beyond / span) * Math.log10(count) - SPELL;
    if (evidence > (this.evidence[member] as number)) this.evidence[member] = evidence;
  }

  /** Takes in the features of a value that the tracks have just been given. */
  push(tracks: Tracks, timestamp: number): void {
    for (let track = 0; track < TRACKS.length; track++) {
      if (track >= FIRST_SPREAD && !tracks.endsSpread(track)) continue;
      const feature = this.bound(track, tracks.features[track] as number);
      if (Number.isNaN(feature)) continue;
      this.of(track).push(feature);
      if (track === SEASON_TRACK) this.#held.push(feature, partOf(timestamp, this.settings.period));
    }
  }

  /** What is learned of a feature. */
  bound(track: number, feature: number): number {
    return this.#isReady(track) ? this.of(track).bound(feature) : feature;
  }

  clear(): void {
    for (const each of this.#extremes) each.clear();
    this.#held.clear();
  }

  snapshot(): unknown {
    return { extremes: this.#extremes.map((each) => each.snapshot()), held: this.#held.snapshot() };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const extremes = saved.list("extremes", TRACKS.length);
    if (extremes.length !== TRACKS.length) throw new StateError(`extremes: expected ${TRACKS.length} of them`);
    extremes.forEach((each, track) => {
      this.of(track).restore(each);
    });
    this.#held.restore(saved.any("held"));
  }
}
