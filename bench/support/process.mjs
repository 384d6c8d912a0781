import { fork } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));

/** A child process that answers questions by IPC; `onTold` gets what it says unasked. */
export async function startChild(script, options, { onTold = () => undefined, execArgv = [] } = {}) {
  const child = fork(join(here, script), [JSON.stringify(options)], { execArgv });
  const waiting = new Map();
  let asked = 0;
  let ended = false;
  const ready = new Promise((resolve, reject) => {
    child.on("message", (message) => {
      if (message.ready) resolve();
      else if (message.id !== undefined) {
        waiting.get(message.id)?.(message.answer);
        waiting.delete(message.id);
      } else onTold(message);
    });
    child.on("exit", (code) => {
      ended = true;
      reject(new Error(`${script} ended with ${code}`));
    });
  });
  await ready;
  return {
    pid: child.pid,
    tell: (message) => {
      // The other side may be ending: what it is told then does not matter.
      if (!ended && child.connected) child.send(message, () => undefined);
    },
    ask: (ask) =>
      new Promise((resolve) => {
        asked += 1;
        waiting.set(asked, resolve);
        child.send({ id: asked, ask });
      }),
    /** Asks to end, so that a profile is written; resolves when it has. */
    stop: () =>
      new Promise((resolve) => {
        if (ended) return resolve();
        child.on("exit", resolve);
        child.disconnect();
      }),
  };
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export async function until(what, condition, deadlineMs = 30_000) {
  const end = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited ${deadlineMs} ms in vain until ${what}`);
    await pause(20);
  }
}

export function percentile(sorted, p) {
  return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))] ?? Number.NaN;
}

export const round = (value, digits = 2) => Number(value.toFixed(digits));
export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
