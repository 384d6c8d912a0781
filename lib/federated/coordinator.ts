import { countOf } from "../text/plural";
import { combinedDelta, combinedScale, strangersAmong, weightOf } from "./combine";
import { type CoordinatorOptions, checkOptions } from "./coordinator-options";
import { FrameError } from "./frame";
import { type Announcement, decodeUpdate, fingerprintOf, type Plan, shapeOf, type Update } from "./messages";
import { Network } from "./network";
import { normFor, RoundAccountant } from "./noise";
import { type RoundReport, reportOf } from "./report";
import { declaredScale } from "./scale";
import { decodeState, encodeState, type FederationState } from "./state";
import { settledUnits, type Units, unitProblem } from "./units";
import { vectorFor } from "./vector";

export interface SavedFederation {
  /** Undefined where none was saved. */
  readonly state: unknown;
  /** Of the open round, as they came. */
  readonly updates: readonly (readonly [client: string, update: Buffer])[];
  readonly privacy: unknown;
}

/** Where a coordinator keeps what must outlast a restart. Each call is on disk, or none of it, when it returns. */
export interface CoordinatorStore {
  load(): SavedFederation;
  saveUpdate(client: string, update: Buffer): void;
  /** The state of a round without updates; those of the round before go. An undefined `privacy` leaves what was saved. */
  saveRound(state: unknown, privacy: unknown): void;
}

export type Intake =
  | { readonly kind: "accepted"; readonly update: Update }
  /** The client's update of this round has come before: it counts once. */
  | { readonly kind: "duplicate" }
  | { readonly kind: "late" | "refused"; readonly reason: string };

/** What drives the coordinator. */
export interface CoordinatorParts {
  readonly now: () => number;
  /** A text that no other session has. */
  readonly newSession: () => string;
  readonly store?: CoordinatorStore;
  /** Told what of a saved federation could not be used, and whose updates do not go together with those of the others. */
  readonly onProblem?: (problem: string) => void;
}

/**
 * The server of federated averaging (McMahan et al. 2017) without its network: announces rounds, takes updates in, and makes
 * of them the next shared model. A round ends when enough updates are there, or at its deadline; with too few it stays open.
 * What was accepted is saved before `receive` returns, so a restart goes on where it was.
 */
export class Coordinator {
  readonly #options: CoordinatorOptions;
  readonly #network: Network;
  #accountant: RoundAccountant | undefined;
  #state: FederationState;
  #base = "";
  readonly #updates = new Map<string, Update>();

  /** @throws RangeError naming the option, StateError when what was spent of the privacy budget cannot be read */
  constructor(
    options: CoordinatorOptions,
    private readonly parts: CoordinatorParts,
  ) {
    this.#options = checkOptions(options);
    this.#network = new Network(shapeOf(options.plan));
    this.#accountant = options.noise && new RoundAccountant(options.noise, options.budget);
    const saved = parts.store?.load();
    // First what was spent: it decides whether there may be another round at all. If it cannot be read, nothing may.
    if (saved?.privacy !== undefined) this.#accountant?.restore(saved.privacy);
    this.#state = this.#begun();
    this.#attempt("federation", () => this.#restore(saved));
    if (this.#updates.size === 0) this.#enter(this.#state, this.#accountant);
  }

  get state(): Readonly<FederationState> {
    return this.#state;
  }

  get plan(): Plan {
    return this.#options.plan;
  }

  /** Clients whose updates of the open round are there. */
  get clients(): readonly string[] {
    return [...this.#updates.keys()];
  }

  /** What all rounds have spent of the privacy budget; undefined without noise. */
  get epsilon(): number | undefined {
    return this.#accountant?.epsilon;
  }

  /** Why no round follows, or undefined while there is one. */
  get finished(): "rounds" | "budget" | undefined {
    const { task, round } = this.#state;
    if (task !== "done") return undefined;
    return this.#options.rounds > 0 && round >= this.#options.rounds ? "rounds" : "budget";
  }

  /** What lies in the round's topic now; undefined during the pause before a round. */
  get announcement(): Announcement | undefined {
    const { session, round, task, opensAt, deadline, extended, scale, parameters, units } = this.#state;
    if (this.parts.now() < opensAt) return undefined;
    const { plan, training, noise } = this.#options;
    return {
      ...{ session, round, task, attempt: extended, deadline, plan, units, scale, report: noise === undefined },
      training: { ...training, seed: (training.seed + Math.imul(round, 0x9e3779b1)) >>> 0 },
      parameters: task === "measure" ? new Float32Array(0) : parameters,
    };
  }

  /** Takes one client's update. @param client as the topic names it, which the broker has checked */
  receive(client: string, bytes: Uint8Array): Intake {
    const { members, plan } = this.#options;
    if (members.length > 0 && !members.includes(client)) return refused(`${client} is not among the known clients`);
    try {
      const update = decodeUpdate(bytes, plan.inputs.length + 1);
      if (update.client !== client)
        return refused(`it says that it is ${update.client}'s, and came in the topic of ${client}`);
      return this.#outdated(update) ?? this.#takeIn(update, bytes);
    } catch (error) {
      if (error instanceof FrameError) return refused(error.message);
      throw error;
    }
  }

  /** To be called now and then: ends the open round when it is time. @returns the ended round's report */
  tick(): RoundReport | undefined {
    const { task, opensAt, deadline } = this.#state;
    const now = this.parts.now();
    if (task === "done" || now < opensAt) return undefined;
    const { minClients, enoughClients, roundMs } = this.#options;
    const hasEnough = (): boolean => enoughClients > 0 && this.#updates.size >= enoughClients;
    if (!hasEnough() && now < deadline) return undefined;
    this.#settleUnits();
    if (!hasEnough() && now < deadline) return undefined;
    if (this.#updates.size >= minClients) return this.#close();
    // Not worth a write: after a restart it is put off again.
    this.#state = { ...this.#state, deadline: now + roundMs, extended: this.#state.extended + 1 };
    return undefined;
  }

  /** Ends the open round with the updates that are there. @throws RangeError when there are too few, or no round is open */
  closeNow(): RoundReport {
    const { minClients } = this.#options;
    if (this.#state.task === "done") throw new RangeError("no round is open");
    this.#settleUnits();
    if (this.#updates.size >= minClients) return this.#close();
    throw new RangeError(`${this.#updates.size} updates are there, expected at least ${minClients}`);
  }

  /** Begins anew with an untrained model. What was spent of the privacy budget stays spent. */
  reset(): void {
    this.#enter(this.#begun(), this.#accountant);
  }

  #outdated({ session, round }: Update): Intake | undefined {
    const { state } = this;
    if (session !== state.session) return late("it belongs to an earlier beginning of the federation");
    if (state.task === "done") return late(`round ${round} is over, and no other follows`);
    if (round < state.round) return late(`round ${round} is over, round ${state.round} is open`);
    return round > state.round ? refused(`round ${round} has not been announced`) : undefined;
  }

  /** Units that nobody has given are those of most clients in the first round with enough of them; updates made of others do not count. */
  #settleUnits(): void {
    const updates = [...this.#updates.values()];
    if (updates.length < this.#options.minClients) return;
    const units = this.#known(
      settledUnits(
        this.#state.units,
        updates.map((one) => one.units),
      ),
    );
    this.#state = { ...this.#state, units };
    for (const update of updates) {
      const problem = this.#unitProblem(update);
      if (problem === undefined) continue;
      this.#updates.delete(update.client);
      this.parts.onProblem?.(`${update.client} is left out: ${problem}`);
    }
  }

  /** What is given goes first; a yes or no has no unit. */
  #known(units: Units): Units {
    const { units: given, plan } = this.#options;
    const isYesNo = plan.kind === "yesNo";
    return units.map((unit, i) => (isYesNo && i === plan.inputs.length ? "" : given?.[i] || unit));
  }

  #unitProblem({ units }: Update): string | undefined {
    const { inputs, target } = this.plan;
    const problem = unitProblem([...inputs, target], units, this.#state.units);
    return problem && `${problem}; its readings have to be converted before`;
  }

  #takeIn(update: Update, bytes: Uint8Array): Intake {
    if (this.#updates.has(update.client)) return { kind: "duplicate" };
    if (this.#updates.size >= this.#options.maxClients)
      return refused(`${countOf(this.#updates.size, "client")} take part already`);
    const problem = this.#problemWith(update);
    if (problem !== undefined) return refused(problem);
    this.parts.store?.saveUpdate(update.client, Buffer.from(bytes));
    this.#updates.set(update.client, update);
    return { kind: "accepted", update };
  }

  #problemWith(update: Update): string | undefined {
    const { rows, base, moments, delta } = update;
    if (rows < 1) return "it was trained on no rows";
    const otherUnit = this.#unitProblem(update);
    if (otherUnit !== undefined) return otherUnit;
    if (this.#state.task === "measure") return moments ? undefined : "expected mean and deviation of every column";
    if (base !== this.#base) return "it began from other parameters than those announced";
    vectorFor(delta, this.#network.parameterCount);
    const norm = normFor(this.#options.noise)(delta);
    const { refuseAbove } = this.#options;
    return norm > refuseAbove ? `its norm is ${norm.toPrecision(3)}, at most ${refuseAbove} is taken` : undefined;
  }

  #close(): RoundReport {
    const options = this.#options;
    const updates = [...this.#updates.values()].sort((a, b) => (a.client < b.client ? -1 : 1));
    const ended = this.#state;
    if (ended.task === "measure") {
      const scale = combinedScale(updates, options);
      this.#enter(this.#following({ ...ended, scale }, this.#accountant), this.#accountant);
    } else {
      const accountant = this.#accountant?.afterRound();
      this.#enter(this.#following(this.#trained(updates), accountant), accountant);
    }
    // A client that claims a billion rows says no more here than in the model.
    const told = updates.map((one) => ({ ...one, rows: weightOf(one, options) }));
    const { epsilon, finished } = this;
    const { parameters } = this.#state;
    const strangers = ended.task === "measure" ? strangersAmong(updates, options) : [];
    return reportOf({ ended, updates: told, kind: options.plan.kind, strangers, parameters, epsilon, finished });
  }

  #trained(updates: readonly Update[]): FederationState {
    const delta = combinedDelta(updates, this.#options);
    const { serverRate, momentum } = this.#options;
    const velocity = this.#state.velocity.map((value, i) => momentum * value + (delta[i] as number));
    const parameters = this.#state.parameters.map((value, i) => value + serverRate * (velocity[i] as number));
    return { ...this.#state, parameters, velocity };
  }

  #following(state: FederationState, accountant: RoundAccountant | undefined): FederationState {
    const { rounds, pauseMs, roundMs } = this.#options;
    const isLast = (rounds > 0 && state.round >= rounds) || accountant?.canAfford === false;
    if (isLast) return { ...state, task: "done", extended: 0 };
    const opensAt = this.parts.now() + pauseMs;
    return { ...state, task: "train", round: state.round + 1, opensAt, deadline: opensAt + roundMs, extended: 0 };
  }

  #begun(): FederationState {
    const { plan, ranges, training, roundMs } = this.#options;
    const now = this.parts.now();
    const begun = {
      session: this.parts.newSession(),
      ...{ opensAt: now, deadline: now + roundMs, extended: 0 },
      units: this.#known([...plan.inputs, plan.target].map(() => "")),
      parameters: this.#network.initial(training.seed),
      velocity: new Float32Array(this.#network.parameterCount),
    };
    if (ranges === undefined) return { ...begun, task: "measure", round: 0 };
    const task = this.#accountant?.canAfford === false ? "done" : "train";
    return { ...begun, task, round: 1, scale: declaredScale(ranges, plan.kind) };
  }

  /** Begins with a state without updates: first on disk, so that what cannot be written has not happened. */
  #enter(state: FederationState, accountant: RoundAccountant | undefined): void {
    this.parts.store?.saveRound(encodeState(state), accountant?.snapshot());
    this.#state = state;
    this.#accountant = accountant;
    this.#base = fingerprintOf(state.parameters);
    this.#updates.clear();
  }

  #restore(saved: SavedFederation | undefined): void {
    if (saved?.state === undefined) return;
    const { plan } = this.#options;
    const state = decodeState(saved.state, plan.inputs.length + 1, this.#network.parameterCount);
    this.#state = this.#resumed({ ...state, units: this.#known(state.units) });
    this.#base = fingerprintOf(this.#state.parameters);
    for (const [client, bytes] of saved.updates) {
      this.#attempt(`update of ${client}`, () => this.#restoreUpdate(client, bytes));
    }
  }

  /** The number of rounds and the budget may have changed since. */
  #resumed(state: FederationState): FederationState {
    const { rounds } = this.#options;
    const mayTrain = this.#accountant?.canAfford !== false;
    if (state.task === "done" && mayTrain && (rounds === 0 || state.round < rounds)) {
      return this.#following(state, this.#accountant);
    }
    return state.task === "train" && !mayTrain ? { ...state, task: "done" } : state;
  }

  #restoreUpdate(client: string, bytes: Buffer): void {
    const update = decodeUpdate(bytes, this.#options.plan.inputs.length + 1);
    if (update.client !== client || this.#outdated(update) || this.#problemWith(update)) return;
    this.#updates.set(client, update);
  }

  #attempt(what: string, work: () => unknown): void {
    try {
      work();
    } catch (error) {
      this.parts.onProblem?.(`the saved ${what} cannot be used: ${error instanceof Error ? error.message : error}`);
    }
  }
}

function refused(reason: string): Intake {
  return { kind: "refused", reason };
}

function late(reason: string): Intake {
  return { kind: "late", reason };
}
