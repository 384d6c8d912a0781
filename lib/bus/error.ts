/**
 * What went wrong on a bus.
 * - nack: no device answered at the address, or it refused a byte
 * - timeout: the device or the bus did not answer in time
 * - crc: what came in is damaged
 * - stuck: a line is held down, or the controller does not come back
 * - gone: the device file has vanished or the port was closed
 * - permission: the device file may not be opened
 * - module-missing: the optional package for this kind of bus is not installed
 * - busy: another process, or a driver of the kernel, has it; or too many are waiting for it
 */
export type BusErrorCode = "nack" | "timeout" | "crc" | "stuck" | "gone" | "permission" | "module-missing" | "busy";

export class BusError extends Error {
  override readonly name = "BusError";

  constructor(
    readonly code: BusErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** True when the bus as a whole is at fault and has to be opened anew, not only one device on it. */
  get concernsBus(): boolean {
    return this.code === "stuck" || this.code === "gone" || this.code === "permission";
  }
}

/** A failure as BusError, `fallback` being the code when it is none yet. */
export function busError(error: unknown, fallback: BusErrorCode, what: string): BusError {
  if (error instanceof BusError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new BusError(fallback, `${what}: ${message}`, { cause: error });
}
