import { type ChildProcess, fork } from "node:child_process";
import type { Socket } from "node:net";
import { workerFile } from "../entry";
import type { Executor, ExecutorEvents, ExecutorOptions } from "../executor";
import { type CallMessage, received, type WorkerMessage } from "../messages";
import { environmentOf } from "./environment";
import { LastWords } from "./last-words";
import { WORKER_PROCESS } from "./port";

/** A process that closed its channel is on its way out; one that stays is ended. */
const LEAVE_MS = 1000;

/**
 * A worker's module in a process of its own: it can be killed in whatever it is, its memory is bounded, and its crash is its own.
 * Messages are cloned as between threads; what a thread would take over is copied.
 */
export class ProcessExecutor implements Executor {
  readonly #child: ChildProcess;
  readonly #gone: Promise<void>;
  #isGone = false;

  constructor(file: string, { name, memoryMb }: ExecutorOptions, events: ExecutorEvents) {
    const child = fork(workerFile("workers/process/main"), [file, name, `${process.pid}`, `${memoryMb ?? 0}`], {
      // Not those of this process: an inspector's port is taken.
      execArgv: memoryMb ? [`--max-old-space-size=${memoryMb}`] : [],
      serialization: "advanced",
      // What native code prints is for no log: its end is told when the process dies of it.
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      env: { ...environmentOf(process.env), [WORKER_PROCESS]: "1" },
      windowsHide: true,
    });
    this.#child = child;
    const words = new LastWords();
    let failure: Error | undefined;
    child.stderr?.on("data", (data: Buffer) => words.hear(data));
    // Only calls that wait keep this process alive.
    (child.stderr as Socket | null)?.unref();
    child.on("message", (message: WorkerMessage) => {
      if (message.kind === "failed") failure = received(message.error);
      else events.onMessage(message);
    });
    child.once("disconnect", () => setTimeout(() => this.#kill(), LEAVE_MS).unref());
    this.#gone = new Promise((resolve) => {
      const leave = (reason: Error): void => {
        if (this.#isGone) return;
        this.#isGone = true;
        resolve();
        events.onExit(reason);
      };
      child.once("close", (code, signal) => leave(failure ?? new Error(words.reason(code, signal))));
      // The process could not be started; else there is a close as well.
      child.on("error", (error) => {
        if (child.pid === undefined) leave(error);
      });
    });
    this.unref();
  }

  send(call: CallMessage): void {
    // It could not be started, and may have no channel at all: the reason comes as its exit.
    if (this.#child.pid === undefined) return;
    try {
      // That it is gone by then, its exit tells.
      this.#child.send(call, () => undefined);
    } catch (error) {
      // The name that it has between threads.
      throw Object.assign(error as Error, { name: "DataCloneError" });
    }
  }

  ref(): void {
    this.#child.ref();
    this.#child.channel?.ref();
  }

  unref(): void {
    this.#child.unref();
    this.#child.channel?.unref();
  }

  async end(): Promise<void> {
    this.#kill();
    await this.#gone;
  }

  #kill(): void {
    if (!this.#isGone) this.#child.kill("SIGKILL");
  }
}
