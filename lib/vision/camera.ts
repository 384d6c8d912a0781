import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { ImageError } from "./image-error";

export type CameraProgram = "rpicam" | "libcamera" | "ffmpeg" | "v4l2";

export interface CameraOptions {
  readonly program: CameraProgram;
  /** The executable, where it is not found by its own name. */
  readonly path?: string;
  /** /dev/video0 for V4L2; the camera's number for rpicam and libcamera; empty for the first. */
  readonly device: string;
  readonly width: number;
  readonly height: number;
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

interface Program {
  readonly executable: string;
  readonly package: string;
  readonly device: RegExp;
  readonly deviceReason: string;
  arguments(options: CameraOptions): readonly string[];
}

const NUMBER = { device: /^(\d{1,2})?$/, deviceReason: "expected the camera's number, such as 0" };
const FILE = { device: /^(\/dev\/[\w./:-]+)?$/, deviceReason: "expected a device such as /dev/video0" };

const still = ({ device, width, height }: CameraOptions): readonly string[] => [
  "--nopreview",
  "--immediate",
  ...(device === "" ? [] : ["--camera", device]),
  "--width",
  String(width),
  "--height",
  String(height),
  "--encoding",
  "jpg",
  "--output",
  "-",
];

/** One image to the standard output by each program. */
const PROGRAMS: Readonly<Record<CameraProgram, Program>> = {
  rpicam: { executable: "rpicam-still", package: "rpicam-apps", ...NUMBER, arguments: still },
  libcamera: { executable: "libcamera-still", package: "libcamera-apps", ...NUMBER, arguments: still },
  ffmpeg: {
    executable: "ffmpeg",
    package: "ffmpeg",
    ...FILE,
    arguments: ({ device, width, height }) => [
      ...["-hide_banner", "-nostdin", "-loglevel", "error", "-f", "v4l2", "-video_size", `${width}x${height}`],
      ...["-i", device || "/dev/video0", "-frames:v", "1", "-f", "image2pipe", "-c:v", "mjpeg", "pipe:1"],
    ],
  },
  v4l2: {
    executable: "v4l2-ctl",
    package: "v4l-utils",
    ...FILE,
    // The first frames are often dark: the camera still finds its exposure.
    arguments: ({ device, width, height }) => [
      `--device=${device || "/dev/video0"}`,
      `--set-fmt-video=width=${width},height=${height},pixelformat=MJPG`,
      "--stream-mmap",
      "--stream-skip=4",
      "--stream-count=1",
      "--stream-to=-",
    ],
  },
};

/** What is kept of a program's complaints. */
const MAX_COMPLAINT = 2000;

/** A program that is started detached leads a process group, which can be killed as a whole; Windows has none. */
const GROUPS = process.platform !== "win32";

type CameraProcess = ChildProcessByStdio<null, Readable, Readable>;

/** Programs that were killed and may be alive still, by executable and device. */
const killed = new Map<string, CameraProcess>();
const KILL_POLL_MS = 20;
const CLOSED = "given up, because the camera is closed";

/** @throws RangeError when the device is none of this program */
export function checkCamera(options: CameraOptions): CameraOptions {
  const { device, deviceReason } = PROGRAMS[options.program];
  if (!device.test(options.device)) throw new RangeError(`device: ${deviceReason}, got "${options.device}"`);
  return options;
}

/**
 * Takes one image with the camera's own command-line program. When it takes too long, or `signal` is aborted, the promise is
 * rejected at once and the program is killed with all that it has started: one that is stuck in its driver cannot hold it up.
 * While such a one lives no other is started for the same camera.
 * @throws ImageError saying what to install, or what the program said
 */
export function takePicture(options: CameraOptions, signal?: AbortSignal): Promise<Buffer> {
  checkCamera(options);
  const { timeoutMs } = options;
  const executable = options.path || PROGRAMS[options.program].executable;
  const camera = `${executable} ${options.device}`;
  const fail = (message: string): never => {
    throw new ImageError(`${executable}: ${message}`);
  };
  const taken = async (): Promise<Buffer> => {
    const end = Date.now() + timeoutMs;
    while (isAlive(killed.get(camera)) && !signal?.aborted) {
      if (Date.now() > end) fail("that of an earlier image cannot be ended: it is stuck in the camera's driver");
      await sleep(KILL_POLL_MS);
    }
    if (signal?.aborted) fail(CLOSED);
    killed.delete(camera);
    return started(executable, options, signal, (child) => killed.set(camera, child));
  };
  return taken();
}

function started(
  executable: string,
  options: CameraOptions,
  signal: AbortSignal | undefined,
  onKill: (child: CameraProcess) => void,
): Promise<Buffer> {
  const program = PROGRAMS[options.program];
  return new Promise((resolve, reject) => {
    const child: CameraProcess = spawn(executable, [...program.arguments(options)], {
      stdio: ["ignore", "pipe", "pipe"],
      detached: GROUPS,
    });
    child.on("error", (error: NodeJS.ErrnoException) => reject(startError(error, executable, program.package)));
    // One that did not start, for want of a file handle perhaps, has no streams either.
    if (child.pid === undefined) return;
    const parts: Buffer[] = [];
    let length = 0;
    let complaint = "";
    const giveUp = (message: string): void => {
      ended();
      onKill(child);
      kill(child);
      reject(new ImageError(`${executable}: ${message}`));
    };
    const onAbort = (): void => giveUp(CLOSED);
    const timer = setTimeout(() => giveUp(`no image within ${options.timeoutMs} ms`), options.timeoutMs);
    const ended = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    };
    signal?.addEventListener("abort", onAbort);
    child.stdout.on("data", (part: Buffer) => {
      length += part.length;
      if (length > options.maxBytes) giveUp(`the image is larger than ${options.maxBytes} bytes`);
      else parts.push(part);
    });
    child.stderr.on("data", (part: Buffer) => {
      if (complaint.length < MAX_COMPLAINT) complaint += part.toString("utf8", 0, MAX_COMPLAINT);
    });
    child.on("close", (code, signalled) => {
      ended();
      if (code === 0 && length > 0) resolve(Buffer.concat(parts));
      else
        reject(new ImageError(`${executable}: ${complaint.trim() || `ended with ${signalled ?? code} and no image`}`));
    });
  });
}

/** The program and, where it leads a group, all that it has started: a script's children would keep the camera and the pipe. */
function kill(child: CameraProcess): void {
  try {
    if (GROUPS && child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    else child.kill("SIGKILL");
  } catch {
    // It has ended by itself meanwhile.
  }
  // What is stuck, or has left the group, is not waited for.
  child.stdout.destroy();
  child.stderr.destroy();
  child.unref();
}

/** Asked of the program alone, not of its group: where nobody reaps orphans, as in containers, these count as members for ever. */
function isAlive(child: CameraProcess | undefined): boolean {
  return child !== undefined && child.exitCode === null && child.signalCode === null;
}

function startError(error: NodeJS.ErrnoException, executable: string, debianPackage: string): ImageError {
  const advice =
    error.code === "ENOENT"
      ? `is not installed (sudo apt install ${debianPackage})`
      : `does not start: ${error.message}`;
  return new ImageError(`${executable} ${advice}`, { cause: error });
}
