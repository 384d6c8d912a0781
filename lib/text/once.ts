/** Remembers what has been said, so that it is said once, and only so much of it in all. */
export class Once {
  readonly #said = new Set<string>();

  /** @param most keys; what would be one more is not news */
  constructor(private readonly most: number) {}

  /** True the first time that this key comes, while there is room for it. */
  isNews(key: string): boolean {
    if (this.#said.size >= this.most || this.#said.has(key)) return false;
    this.#said.add(key);
    return true;
  }

  get isFull(): boolean {
    return this.#said.size >= this.most;
  }

  /** Lets these keys be news again; all of them by default. */
  forget(isForgotten: (key: string) => boolean = () => true): void {
    for (const key of [...this.#said]) if (isForgotten(key)) this.#said.delete(key);
  }
}
