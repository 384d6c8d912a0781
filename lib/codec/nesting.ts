import type { CodecLimits } from "./contract";
import { tooDeep } from "./json-text";

/** Follows the open arrays and maps of a binary format while its items go by, and stops nesting that is too deep. */
export class Nesting {
  /** Items still to come in each open container, the innermost last. */
  readonly #open: number[] = [];
  #started = false;

  constructor(
    private readonly codec: string,
    private readonly limits: CodecLimits,
  ) {}

  /** True when the outermost item is complete. */
  get complete(): boolean {
    return this.#started && this.#open.length === 0;
  }

  /** An array or map begins: `items` is its number of entries, keys counted too, Infinity when a break ends it. */
  begin(items: number, offset: number): void {
    if (items === 0) this.item();
    else if (this.#open.push(items) > this.limits.maxDepth) throw tooDeep(this.codec, this.limits.maxDepth, offset);
    this.#started = true;
  }

  /** A number, text or other item that holds no others. */
  item(): void {
    this.#started = true;
    for (let last = this.#open.length - 1; last >= 0; last--) {
      const left = this.#open[last]! - 1;
      this.#open[last] = left;
      if (left > 0) return;
      this.#open.pop();
    }
  }

  /** The innermost container of unknown length ends. */
  end(): void {
    this.#open.pop();
    this.item();
  }
}
