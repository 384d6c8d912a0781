import { readdirSync, readFileSync } from "node:fs";

interface ProcessState {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** The processes that run, without those that have ended and wait to be asked for their exit code. Linux only. */
function running(): ProcessState[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        // "PID (NAME) STATE PARENT …", and the name may have blanks and brackets.
        const [state, parent] = readFileSync(`/proc/${name}/stat`, "latin1")
          .replace(/^.*\) /s, "")
          .split(" ");
        const command = readFileSync(`/proc/${name}/cmdline`, "latin1").replaceAll("\0", " ").trim();
        return state === "Z" ? [] : [{ pid: Number(name), parent: Number(parent), command }];
      } catch {
        // Ended since.
        return [];
      }
    });
}

export function isRunning(pid: number): boolean {
  return running().some((process) => process.pid === pid);
}

/** Processes of workers that a process has started. */
export function workerProcesses(parent = process.pid): number[] {
  return running()
    .filter((process) => process.parent === parent && process.command.startsWith("gatewise "))
    .map(({ pid }) => pid);
}
