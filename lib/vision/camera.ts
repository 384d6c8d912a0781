import { spawn } from "node:child_process";
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

/** @throws RangeError when the device is none of this program */
export function checkCamera(options: CameraOptions): CameraOptions {
  const { device, deviceReason } = PROGRAMS[options.program];
  if (!device.test(options.device)) throw new RangeError(`device: ${deviceReason}, got "${options.device}"`);
  return options;
}

/**
 * Takes one image with the camera's own command-line program, which is ended when it takes too long.
 * @throws ImageError saying what to install, or what the program said
 */
export function takePicture(options: CameraOptions): Promise<Buffer> {
  checkCamera(options);
  const program = PROGRAMS[options.program];
  const executable = options.path || program.executable;
  return new Promise((resolve, reject) => {
    const child = spawn(executable, [...program.arguments(options)], { stdio: ["ignore", "pipe", "pipe"] });
    const parts: Buffer[] = [];
    let length = 0;
    let complaint = "";
    let problem: ImageError | undefined;
    const giveUp = (message: string): void => {
      problem ??= new ImageError(`${executable}: ${message}`);
      child.kill("SIGKILL");
    };
    const timer = setTimeout(() => giveUp(`no image within ${options.timeoutMs} ms`), options.timeoutMs);
    child.stdout.on("data", (part: Buffer) => {
      length += part.length;
      if (length > options.maxBytes) giveUp(`the image is larger than ${options.maxBytes} bytes`);
      else parts.push(part);
    });
    child.stderr.on("data", (part: Buffer) => {
      if (complaint.length < MAX_COMPLAINT) complaint += part.toString("utf8", 0, MAX_COMPLAINT);
    });
    child.on("error", (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      reject(startError(error, executable, program.package));
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (problem) reject(problem);
      else if (code === 0 && length > 0) resolve(Buffer.concat(parts));
      else reject(new ImageError(`${executable}: ${complaint.trim() || `ended with ${signal ?? code} and no image`}`));
    });
  });
}

function startError(error: NodeJS.ErrnoException, executable: string, debianPackage: string): ImageError {
  const advice =
    error.code === "ENOENT"
      ? `is not installed (sudo apt install ${debianPackage})`
      : `does not start: ${error.message}`;
  return new ImageError(`${executable} ${advice}`, { cause: error });
}
