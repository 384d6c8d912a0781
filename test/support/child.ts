import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

/** Sends a signal to a process that may have ended already, and waits for its end. */
export async function ended(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill(signal);
  await exit;
}
