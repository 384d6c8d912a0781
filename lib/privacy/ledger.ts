import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { StoreService } from "../store/contract";
import type { Budget, Loss, Spent } from "./budget";

const MIGRATIONS = [
  `CREATE TABLE privacy_spent (
     ledger TEXT NOT NULL, account TEXT NOT NULL, epsilon REAL NOT NULL, rho REAL NOT NULL, since REAL NOT NULL,
     PRIMARY KEY (ledger, account)) WITHOUT ROWID;`,
];
const COMPONENT = "privacy";

/** Accounts that are held in memory at once. */
const CAP = 100_000;

/**
 * What has been given away about each device or series. What is spent is on disk before the release goes out (`commit`), so
 * that no crash and no change of a node's configuration makes a budget whole again. Without a store the accounts live as
 * long as the ledger; then no account is ever dropped for a new one, which is refused instead.
 */
export class Ledger {
  /** All accounts without a store; with one, those that are not written yet. */
  readonly #spent = new Map<string, Spent>();
  readonly #tables: Tables | undefined;

  /** @param name ledgers of one name share their accounts: of two nodes that release the same data */
  constructor(
    private readonly budget: Budget,
    name: string,
    store?: StoreService,
    private readonly cap = CAP,
  ) {
    this.#tables = store && new Tables(store, name);
  }

  /** Spends a loss; false, and nothing spent, when that would exceed the account's budget. */
  spend(account: string, loss: Loss, now: number): boolean {
    const before = this.#of(account);
    const after = this.budget.after(before, loss, now);
    if (after === undefined) return false;
    if (this.#spent.size >= this.cap && !this.#spent.has(account)) return false;
    this.#spent.set(account, after);
    return true;
  }

  /** The epsilon that is left to an account. */
  left(account: string, now: number): number {
    return this.budget.left(this.#of(account), now);
  }

  /**
   * Writes what was spent since the last commit. To be called before anything that was paid for leaves.
   * @throws StoreError when it cannot be written: then nothing may leave, and what was spent stays spent
   */
  commit(): void {
    if (!this.#tables || this.#spent.size === 0) return;
    this.#tables.save(this.#spent);
    this.#spent.clear();
  }

  /** Removes accounts from the store whose budget is whole again, so that devices long gone do not stay there. */
  forgetRefilled(now: number): void {
    const { periodMs } = this.budget.options;
    if (periodMs > 0) this.#tables?.remove(now - periodMs);
  }

  /** The table is the truth where there is one: another ledger of the same name may have spent meanwhile. */
  #of(account: string): Spent | undefined {
    return this.#spent.get(account) ?? this.#tables?.load(account);
  }
}

class Tables {
  readonly #select: StatementSync;
  readonly #upsert: StatementSync;
  readonly #remove: StatementSync;

  constructor(
    private readonly store: StoreService,
    private readonly ledger: string,
  ) {
    const db: DatabaseSync = store.component(COMPONENT, MIGRATIONS);
    this.#select = db.prepare("SELECT epsilon, rho, since FROM privacy_spent WHERE ledger = ? AND account = ?");
    this.#upsert = db.prepare("INSERT OR REPLACE INTO privacy_spent VALUES (?, ?, ?, ?, ?)");
    this.#remove = db.prepare("DELETE FROM privacy_spent WHERE ledger = ? AND since <= ?");
  }

  remove(before: number): void {
    this.store.transaction(() => this.#remove.run(this.ledger, before));
  }

  load(account: string): Spent | undefined {
    const row = this.#select.get(this.ledger, account);
    return row && { epsilon: Number(row.epsilon), rho: Number(row.rho), since: Number(row.since) };
  }

  save(changed: ReadonlyMap<string, Spent>): void {
    this.store.transaction(() => {
      for (const [account, { epsilon, rho, since }] of changed) {
        this.#upsert.run(this.ledger, account, epsilon, rho, since);
      }
    });
  }
}
