import { BusError, type BusErrorCode, busError } from "../error";

export interface DeviceFile {
  readonly path: string;
  /** What lets the kernel make the file: "enable I2C with raspi-config". */
  readonly enable: string;
  /** The group that may open it: "i2c". */
  readonly group: string;
}

/** Codes of the kernel (Documentation/i2c/fault-codes, open(2)); EREMOTEIO is what bcm2835 says for no acknowledgement. */
const CODES: Readonly<Record<string, BusErrorCode>> = {
  ENXIO: "nack",
  EREMOTEIO: "nack",
  EIO: "nack",
  ETIMEDOUT: "timeout",
  EAGAIN: "stuck",
  EBUSY: "busy",
  ENODEV: "gone",
  ENOENT: "gone",
  EBADF: "gone",
  EACCES: "permission",
  EPERM: "permission",
};

/** A failure of the system as BusError, saying what the user can do about it. */
export function systemError(error: unknown, { path, enable, group }: DeviceFile): BusError {
  if (error instanceof BusError) return error;
  const errno = errnoOf(error);
  const code = CODES[errno];
  const what = (text: string) => new BusError(code!, `${path}: ${text}`, { cause: error });
  switch (errno) {
    case "ENOENT":
    case "ENODEV":
      return what(`there is no such device; ${enable}`);
    case "EACCES":
    case "EPERM":
      return what(
        `permission denied: add the user that runs Node-RED to the group ${group} (sudo usermod -aG ${group} USER)`,
      );
    case "EBUSY":
      return what("another program, or a driver of the kernel, is using it");
    default:
      return code === "nack" ? what("the device did not acknowledge") : busError(error, code ?? "gone", path);
  }
}

/** "EACCES" from an error's code, or from its message where a package passes on only that. */
function errnoOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  const { code } = error as NodeJS.ErrnoException;
  if (code && code in CODES) return code;
  const message = error.message;
  const inText = /\bE[A-Z]{2,}\b/.exec(message)?.[0];
  if (inText && inText in CODES) return inText;
  return TEXTS.find(([text]) => message.toLowerCase().includes(text))?.[1] ?? "";
}

/** strerror(3), which command-line tools print and serialport passes on. */
const TEXTS: readonly (readonly [text: string, errno: string])[] = [
  ["no such device or address", "ENXIO"],
  ["remote i/o error", "EREMOTEIO"],
  ["input/output error", "EIO"],
  ["connection timed out", "ETIMEDOUT"],
  ["device or resource busy", "EBUSY"],
  ["resource temporarily unavailable", "EAGAIN"],
  ["no such file or directory", "ENOENT"],
  ["no such device", "ENODEV"],
  ["permission denied", "EACCES"],
  ["operation not permitted", "EPERM"],
];
