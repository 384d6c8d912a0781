import { parseArgs } from "node:util";

/** A command line or file that cannot be used; ends the process with code 2, which says not to try again. */
export class UsageError extends Error {}

/** Parsed arguments. @throws UsageError naming the argument */
export function parse(args, options, help) {
  try {
    const parsed = parseArgs({ args, options: { ...options, help: { type: "boolean" } }, allowPositionals: true });
    if (parsed.values.help) {
      console.log(help);
      process.exit(0);
    }
    return parsed;
  } catch (error) {
    throw new UsageError(`${error.message}\n\n${help}`);
  }
}

/** A number above 0. @throws UsageError */
export function positive(name, value) {
  const number = value.trim() === "" ? Number.NaN : Number(value);
  if (number > 0 && Number.isFinite(number)) return number;
  throw new UsageError(`${name}: expected a number above 0, got "${value}"`);
}

/** @throws UsageError */
export function brokerUrl(value) {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url && ["mqtt:", "mqtts:", "ws:", "wss:"].includes(url.protocol) && url.hostname) return url;
  throw new UsageError(`--broker: expected a URL such as mqtt://127.0.0.1:1883, got "${value}"`);
}

/** The broker's URL as it may be shown: without user and password. */
export function shownUrl(url) {
  return `${url.protocol}//${url.host}`;
}

/** Runs a command to its end: what goes wrong is one line, with 2 as exit code when the command line is to blame. */
export async function run(name, command) {
  try {
    await command(process.argv.slice(2));
  } catch (error) {
    console.error(`${name}: ${error.message}`);
    process.exit(error instanceof UsageError ? 2 : 1);
  }
}

/** Resolves at the first SIGINT or SIGTERM; a second one ends the process at once. */
export function stopSignal() {
  return new Promise((resolve) => {
    let stopped = false;
    const stop = () => {
      if (stopped) process.exit(130);
      stopped = true;
      resolve();
    };
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
  });
}
