import { WriteError } from "./write-error";

/** A line that the target will never take, and what it said. */
export interface Rejected {
  readonly line: string;
  readonly reason: string;
}

/** Writes lines, each ended by a line feed; resolves when the target has confirmed them. */
export type Write = (lines: string, count: number) => Promise<void>;

const NONE: readonly Rejected[] = [];

/**
 * Writes a batch. When the target rejects some of its points, the batch is halved again and again until they stand
 * alone, so that one poison point costs log2(n) requests and the others are written. Parts go in their order; a part may
 * be written twice, which changes nothing in a target that keeps one point per key.
 * @returns the rejected lines
 * @throws WriteError "unreachable" or "denied": the whole batch has to be delivered again
 */
export async function deliver(lines: string, count: number, write: Write): Promise<readonly Rejected[]> {
  try {
    await write(lines, count);
    return NONE;
  } catch (error) {
    if (!concernsPoints(error)) throw error;
    return isolate(splitLines(lines), error, write);
  }
}

function concernsPoints(error: unknown): error is WriteError {
  return error instanceof WriteError && (error.failure === "points" || error.failure === "too-large");
}

function splitLines(lines: string): string[] {
  return lines.split("\n").filter((line) => line !== "");
}

async function isolate(lines: readonly string[], error: WriteError, write: Write): Promise<readonly Rejected[]> {
  const named = namedLines(lines, error);
  if (named) {
    const bad = new Set(named.map(({ index }) => index));
    const rest = lines.filter((_, index) => !bad.has(index));
    const rejected = named.map(({ index, reason }) => ({ line: lines[index] ?? "", reason }));
    return [...rejected, ...(await deliverLines(rest, write))];
  }
  if (lines.length <= 1 || error.details.rejectedCount === lines.length) {
    return lines.map((line) => ({ line, reason: error.message }));
  }
  const middle = lines.length >> 1;
  const first = await deliverLines(lines.slice(0, middle), write);
  return [...first, ...(await deliverLines(lines.slice(middle), write))];
}

/** The lines that the server named, when what it says makes sense. */
function namedLines(lines: readonly string[], { details }: WriteError): WriteError["details"]["rejected"] {
  const named = details.rejected;
  return named && named.length > 0 && named.every(({ index }) => index >= 0 && index < lines.length)
    ? named
    : undefined;
}

async function deliverLines(lines: readonly string[], write: Write): Promise<readonly Rejected[]> {
  return lines.length === 0 ? NONE : deliver(`${lines.join("\n")}\n`, lines.length, write);
}
