import type { Task, Update } from "./messages";
import type { TargetKind } from "./network";
import type { FederationState } from "./state";

/** What a round has come to: one a round leaves the server. */
export interface RoundReport {
  readonly round: number;
  readonly task: Task;
  readonly clients: readonly string[];
  /** Clients whose sensors show something else than everybody's, or that do not tell the truth: their scale was left out. */
  readonly strangers?: readonly string[];
  /** Of all clients; undefined where clients do not tell it. */
  readonly rows?: number;
  /**
   * Mean loss over all clients' rows of the model with which the round began, and of what the clients made of it each for
   * itself. For numbers, the root mean square error in standard deviations of the target; for yes or no, in nats.
   */
  readonly lossBefore?: number;
  readonly lossAfter?: number;
  /** Privacy spent so far, where there is noise. */
  readonly epsilon?: number;
  /** Why no round follows. */
  readonly finished?: "rounds" | "budget";
  /** The shared model after the round. */
  readonly parameters: Float32Array;
}

interface Ended {
  readonly ended: FederationState;
  readonly updates: readonly Update[];
  readonly kind: TargetKind;
  readonly strangers: readonly string[];
  readonly parameters: Float32Array;
  readonly epsilon: number | undefined;
  readonly finished: "rounds" | "budget" | undefined;
}

export function reportOf({ ended, updates, kind, strangers, parameters, epsilon, finished }: Ended): RoundReport {
  const told = updates.filter(({ before, after }) => before !== undefined && after !== undefined);
  const rows = told.reduce((sum, one) => sum + one.rows, 0);
  const meanOf = (loss: (one: Update) => number): number => {
    const mean = told.reduce((sum, one) => sum + one.rows * loss(one), 0) / rows;
    return kind === "number" ? Math.sqrt(mean) : mean;
  };
  return {
    round: ended.round,
    task: ended.task,
    clients: updates.map(({ client }) => client),
    ...(strangers.length > 0 ? { strangers } : {}),
    ...(rows > 0
      ? { rows, lossBefore: meanOf((one) => one.before ?? 0), lossAfter: meanOf((one) => one.after ?? 0) }
      : {}),
    ...(epsilon === undefined ? {} : { epsilon }),
    ...(finished === undefined ? {} : { finished }),
    parameters,
  };
}
