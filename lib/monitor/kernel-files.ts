import { readFileSync } from "node:fs";

/** Where Linux says how it is; tests have others. */
export interface HostRoots {
  readonly proc: string;
  readonly sys: string;
}

/** The number that a file of the kernel holds; undefined when it holds none, such as "max". */
export function numberIn(path: string): number | undefined {
  const text = textOf(path)?.trim();
  const value = text ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : undefined;
}

/** Undefined when it cannot be read: what a machine does not have is absent, and no error. */
export function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
