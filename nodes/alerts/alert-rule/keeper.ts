import type { NodeContext } from "../../../kit";
import type { AlertEvent, AlertRules, AlertStore, SavedSeries } from "../../../lib/alert";
import type { schema } from "./schema";

const SAVE_INTERVAL_MS = 10_000;
/** States written before other work gets its turn. */
const SLICE = 500;

/**
 * Keeps a node's alerts in the store: what an event is about is on disk before the event goes out, so that a crash
 * cannot raise it twice; the rest (delays under way, the series to be missed) every 10 s and at close. A store that
 * fails is reported, and alerting goes on without it.
 */
export class AlertKeeper {
  constructor(
    private readonly context: NodeContext<typeof schema>,
    private readonly rules: AlertRules,
    private readonly store: AlertStore | undefined,
  ) {
    context.every(SAVE_INTERVAL_MS, () => this.#saveInSlices());
    context.onClose(() => this.#save(rules.takeChanged(Date.now())));
  }

  /** Goes on from what was kept. Alerts that an edited rule has ended are told with the next events. */
  restore(): void {
    const { store } = this;
    if (!store) return;
    const now = Date.now();
    for (const saved of store.load(now, (problem) => this.context.warn(problem))) {
      try {
        if (!this.rules.restore(saved, now)) this.#save([{ ...saved, state: undefined }]);
      } catch (error) {
        this.context.warn(`the saved alert state of ${saved.series} cannot be used and starts afresh: ${error}`);
      }
    }
  }

  keep(events: readonly AlertEvent[]): void {
    if (this.store) this.#save(this.rules.savedBy(events, Date.now()));
  }

  async #saveInSlices(): Promise<void> {
    const changed = this.rules.takeChanged(Date.now());
    for (let start = 0; start < changed.length && this.store; start += SLICE) {
      if (this.context.closed) return;
      this.#save(changed.slice(start, start + SLICE));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #save(changed: readonly SavedSeries[]): void {
    try {
      this.store?.save(changed, Date.now());
    } catch (error) {
      this.context.fail(`alerts are not saved: ${error instanceof Error ? error.message : error}`);
    }
  }
}
