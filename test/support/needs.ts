import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";

/** What a test may need from the machine, and the Debian package that brings it. */
const packages = {
  mosquitto: "mosquitto",
  mosquitto_pub: "mosquitto-clients",
  influxd: "influxdb",
  chromium: "chromium",
} as const;

export type Requirement = keyof typeof packages;

function pathOf(program: string): string | undefined {
  // Debian installs daemons such as mosquitto in sbin, which is not on every user's PATH.
  const path = `${process.env.PATH ?? ""}:/usr/sbin:/usr/local/sbin`;
  try {
    return execFileSync("/bin/sh", ["-c", `command -v ${program}`], { env: { ...process.env, PATH: path } })
      .toString()
      .trim();
  } catch {
    return undefined;
  }
}

/**
 * Says whether a test can run here: `describe.skipIf(missing("mosquitto"))("…", …)`.
 * Under CI nothing may be skipped for a missing server, so there a missing program throws.
 */
export function missing(...programs: Requirement[]): boolean {
  const absent = programs.filter((program) => !pathOf(program));
  if (absent.length === 0) return false;
  const advice = absent.map((program) => `needs ${program} (apt-get install ${packages[program]})`).join(", ");
  if (process.env.CI) throw new Error(`CI must not skip: ${advice}`);
  console.log(`skipped: ${advice}`);
  return true;
}

/** The absolute path of a program that `missing` has found. Throws when it is absent. */
export function program(name: Requirement): string {
  const path = pathOf(name);
  if (!path) throw new Error(`needs ${name} (apt-get install ${packages[name]})`);
  return path;
}

/** True, with a line that says why, when a file of the public data sets is absent on this machine. */
export function missingData(path: string): boolean {
  if (existsSync(path)) return false;
  console.log(`skipped: needs the public data set ${path}`);
  return true;
}
