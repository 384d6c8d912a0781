/** Tells a failure that is news from one that just goes on, so that a log is not filled by a part that was unplugged. */
export class FailureNews {
  #last = "";

  /** True when the reason is another one than before. When it is tried again is not another reason. */
  isNews(reason: string): boolean {
    const kind = withoutPause(reason);
    const isNews = kind !== this.#last;
    this.#last = kind;
    return isNews;
  }

  /** It works again: the next failure is news whatever its reason. */
  over(): void {
    this.#last = "";
  }
}

/** A bus that waits before it is opened again says so at the end of its reason. */
export const withoutPause = (reason: string): string => reason.replace(/; tried again in \d+ s$/, "");
