import type { StoreService } from "../store/contract";
import type { SavedSeries } from "./rules";
import type { SeriesSnapshot } from "./snapshot";

export const ALERT_MIGRATIONS = [
  `CREATE TABLE alert_state (
     keeper TEXT NOT NULL, rule TEXT NOT NULL, series TEXT NOT NULL,
     state TEXT NOT NULL, saved_at INTEGER NOT NULL,
     PRIMARY KEY (keeper, rule, series)
   ) WITHOUT ROWID`,
] as const;

/** What a node left that no longer exists goes after this time. */
const ABANDONED_AFTER_MS = 90 * 86_400_000;

export interface StoredSeries {
  readonly ruleId: string;
  readonly series: string;
  readonly state: SeriesSnapshot;
}

/**
 * The states of one node's alerts in the store. Unlike a filter's they outlive a change of the node's configuration:
 * an alert that stands must not vanish without a word because somebody edited its message.
 */
export class AlertStore {
  constructor(
    private readonly store: StoreService,
    private readonly keeper: string,
  ) {}

  /** Writes in one transaction: when it returns, a crash does not lose what is saved. */
  save(changed: readonly SavedSeries[], now: number): void {
    if (changed.length === 0) return;
    const database = this.#database();
    const put = database.prepare(
      "INSERT OR REPLACE INTO alert_state (keeper, rule, series, state, saved_at) VALUES (?, ?, ?, ?, ?)",
    );
    const remove = database.prepare("DELETE FROM alert_state WHERE keeper = ? AND rule = ? AND series = ?");
    this.store.transaction(() => {
      for (const { ruleId, series, state } of changed) {
        if (state) put.run(this.keeper, ruleId, series, JSON.stringify(state), now);
        else remove.run(this.keeper, ruleId, series);
      }
    });
  }

  /** Every saved series; what cannot be read is told to `onProblem` and left out. */
  load(now: number, onProblem: (message: string) => void): StoredSeries[] {
    const database = this.#database();
    database
      .prepare("DELETE FROM alert_state WHERE keeper <> ? AND saved_at < ?")
      .run(this.keeper, now - ABANDONED_AFTER_MS);
    const rows = database.prepare("SELECT rule, series, state FROM alert_state WHERE keeper = ?").all(this.keeper) as {
      rule: string;
      series: string;
      state: string;
    }[];
    return rows.flatMap(({ rule, series, state }) => {
      try {
        return [{ ruleId: rule, series, state: JSON.parse(state) as SeriesSnapshot }];
      } catch {
        onProblem(`the saved alert state of ${series} cannot be read and starts afresh`);
        return [];
      }
    });
  }

  #database() {
    return this.store.component("alert", ALERT_MIGRATIONS);
  }
}
