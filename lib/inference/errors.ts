/** A sample gave way to newer ones because the queue was full. */
export class QueueFullError extends Error {
  override readonly name = "QueueFullError";
}

/** The model is not in use any more. */
export class InferenceClosedError extends Error {
  override readonly name = "InferenceClosedError";
}
