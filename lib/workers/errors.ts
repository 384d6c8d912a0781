/** The worker ended while it had the call, also after the retries. */
export class WorkerDiedError extends Error {
  override readonly name = "WorkerDiedError";
}

/** The call took longer than it may; its worker was ended. */
export class WorkerTimeoutError extends Error {
  override readonly name = "WorkerTimeoutError";
}

/** The host was closed before the call was answered. */
export class WorkerClosedError extends Error {
  override readonly name = "WorkerClosedError";
}
