import { type BackoffOptions, backoffDelay } from "../backoff/backoff";
import { WorkerDiedError, WorkerTimeoutError } from "../workers/errors";

/** From a minute or two to an hour: loading a large model costs the gateway something each time. */
export const RETRY_BACKOFF: BackoffOptions = { baseMs: 120_000, capMs: 3_600_000 };

/** About a day of tries. What kills its worker each time is told from what lacked memory once by this alone. */
const MAX_RETRIES = 24;

const PASSING_CODES = /\b(E2BIG|EAGAIN|EBUSY|EIO|EMFILE|ENFILE|ENOMEM|ENOSPC|ESTALE|ETIMEDOUT)\b/;
const NO_MEMORY =
  /out of memory|there is no memory|bad_alloc|allocation failed|(could not|failed to|unable to|cannot) allocate|failed to start/i;

/**
 * Whether loading a model may work later though neither it nor this pack has changed: the machine lacked memory, files or time.
 * What speaks against the model itself (a wrong answer, a signature, a damaged file) or asks for an installation does not pass.
 */
export function mayPass(error: Error): boolean {
  if ([WorkerDiedError.name, WorkerTimeoutError.name].includes(error.name)) return true;
  if (PASSING_CODES.test(error.message) || NO_MEMORY.test(error.message)) return true;
  return error.cause instanceof Error && mayPass(error.cause);
}

/** When what has failed is tried again. */
export class Retries {
  #timer: NodeJS.Timeout | undefined;
  #made = 0;

  constructor(
    private readonly work: () => void,
    private readonly backoff: BackoffOptions = RETRY_BACKOFF,
  ) {}

  /** Has the work done later, where the reason may pass. @returns when, ms since the epoch; undefined for never */
  after(reason: Error): number | undefined {
    clearTimeout(this.#timer);
    if (!mayPass(reason) || this.#made >= MAX_RETRIES) return undefined;
    const delay = backoffDelay(this.#made, this.backoff);
    this.#made += 1;
    this.#timer = setTimeout(() => this.work(), delay);
    this.#timer.unref();
    return Date.now() + delay;
  }

  /** It works, or is about to be tried for another reason: what comes is counted anew. */
  reset(): void {
    clearTimeout(this.#timer);
    this.#made = 0;
  }
}
