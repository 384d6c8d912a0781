import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { StoreService } from "../store/contract";
import { type Budget, CLOCK_SET_SINCE, isClockSet, type Loss, type Spent } from "./budget";

const MIGRATIONS = [
  `CREATE TABLE privacy_spent (
     ledger TEXT NOT NULL, account TEXT NOT NULL, epsilon REAL NOT NULL, rho REAL NOT NULL, since REAL NOT NULL,
     PRIMARY KEY (ledger, account)) WITHOUT ROWID;`,
  // What was spent before is counted with the delta that nodes have by default.
  "ALTER TABLE privacy_spent ADD COLUMN delta REAL NOT NULL DEFAULT 0.000001;",
];
const COMPONENT = "privacy";

/** Accounts that are held in memory at once. */
const CAP = 100_000;

/** The accounts of ledgers without a store, by the ledgers' name: as long as the process lives, whatever is deployed anew. */
const books = new Map<string, Map<string, Spent>>();

function bookOf(name: string): Map<string, Spent> {
  const book = books.get(name) ?? new Map<string, Spent>();
  books.set(name, book);
  return book;
}

/**
 * What has been given away about each device or series. What is spent is on disk before the release goes out (`commit`), so
 * that no crash and no change of a node's configuration makes a budget whole again. Without a store the accounts live as
 * long as the process; then no account is ever dropped for a new one, which is refused instead.
 */
export class Ledger {
  /** All accounts without a store; with one, those that are not written yet. */
  readonly #spent: Map<string, Spent>;
  readonly #tables: Tables | undefined;

  /** @param name ledgers of one name share their accounts, in one store or without any: of two nodes that release the same data */
  constructor(
    private readonly budget: Budget,
    name: string,
    store?: StoreService,
    private readonly cap = CAP,
  ) {
    this.#tables = store && new Tables(store, name);
    this.#spent = store ? new Map() : bookOf(name);
  }

  /** Spends a loss; false, and nothing spent, when that would exceed the account's budget. */
  spend(account: string, loss: Loss, now: number): boolean {
    const before = this.#of(account);
    const after = this.budget.after(before, loss, now);
    if (after === undefined) {
      if (before) this.#setRight(account, before, now);
      return false;
    }
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

  /** Removes accounts whose budget is whole again, so that devices long gone do not stay. */
  forgetRefilled(now: number): void {
    const { periodMs } = this.budget.options;
    if (periodMs === 0 || !isClockSet(now)) return;
    this.#tables?.remove(now, periodMs);
    for (const [account, spent] of this.#spent) {
      const { epsilon, rho } = this.budget.current(spent, now);
      if (epsilon === 0 && rho === 0) this.#spent.delete(account);
    }
  }

  /** A period that began at a wrong time is written as beginning now, or it would begin anew at every question and never end. */
  #setRight(account: string, before: Spent, now: number): void {
    const current = this.budget.current(before, now);
    if (current.since !== before.since) this.#spent.set(account, current);
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
  readonly #setRight: StatementSync;

  constructor(
    private readonly store: StoreService,
    private readonly ledger: string,
  ) {
    const db: DatabaseSync = store.component(COMPONENT, MIGRATIONS);
    this.#select = db.prepare("SELECT epsilon, rho, delta, since FROM privacy_spent WHERE ledger = ? AND account = ?");
    this.#upsert = db.prepare(
      "INSERT OR REPLACE INTO privacy_spent (ledger, account, epsilon, rho, delta, since) VALUES (?, ?, ?, ?, ?, ?)",
    );
    this.#remove = db.prepare("DELETE FROM privacy_spent WHERE ledger = ? AND since <= ?");
    this.#setRight = db.prepare("UPDATE privacy_spent SET since = ? WHERE ledger = ? AND (since < ? OR since > ?)");
  }

  /** Those whose period is over; one that began at a wrong time begins now. */
  remove(now: number, periodMs: number): void {
    this.store.transaction(() => {
      this.#setRight.run(now, this.ledger, CLOCK_SET_SINCE, now);
      this.#remove.run(this.ledger, now - periodMs);
    });
  }

  load(account: string): Spent | undefined {
    const row = this.#select.get(this.ledger, account);
    if (!row) return undefined;
    const { epsilon, rho, delta, since } = row;
    return { epsilon: Number(epsilon), rho: Number(rho), delta: Number(delta), since: Number(since) };
  }

  save(changed: ReadonlyMap<string, Spent>): void {
    this.store.transaction(() => {
      for (const [account, { epsilon, rho, delta, since }] of changed) {
        this.#upsert.run(this.ledger, account, epsilon, rho, delta, since);
      }
    });
  }
}
