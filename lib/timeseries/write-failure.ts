import type { IncomingHttpHeaders } from "node:http";
import { WriteError, type WriteErrorDetails } from "../outbox/write-error";

/** An answer of InfluxDB to a write, of any version. */
export interface WriteAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What all versions say of points. Looked for first, because they quote the points, which may say anything. */
const ABOUT_POINTS = /partial write|unable to parse|parsing failed|field type conflict|points? (beyond|rejected)/i;
/** What a 400 or 422 says when the request and not its points are at fault, such as `database is required`. */
const ABOUT_ADDRESS =
  /\b(database|bucket|org(anization)?( name| id)?|retention policy|db)\b[^.]*\b(not found|required|invalid|missing|does not exist)/i;

/**
 * Judges an answer that did not confirm a write:
 * 400 and 422 concern points (1.x and 3.x have then stored the others, 2.x may have), 413 the size, 429 and 5xx pass,
 * and everything else needs a person.
 */
export function writeFailure(answer: WriteAnswer, now: number): WriteError {
  const { status, headers } = answer;
  const said = saidBy(answer);
  if (status === 401 || status === 403) return new WriteError("denied", `refuses the login (${status}): ${said}`);
  if (status === 404) return new WriteError("denied", `does not know what is written to (404): ${said}`);
  if (status === 413) return new WriteError("too-large", `the write is too large (413): ${said}`);
  if (status === 408 || status === 429 || status >= 500) {
    const retryAfterMs = retryAfter(headers["retry-after"], now);
    return new WriteError("unreachable", `cannot take it now (${status}): ${said}`, { retryAfterMs });
  }
  if (status === 400 || status === 422) {
    if (!ABOUT_POINTS.test(said) && ABOUT_ADDRESS.test(said))
      return new WriteError("denied", `refuses the request (${status}): ${said}`);
    return new WriteError("points", said, detailsOf(answer));
  }
  return new WriteError("denied", `answers like no InfluxDB (${status}): ${said}`);
}

/** RFC 9110, 10.2.3: seconds, or a date. */
export function retryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

interface ErrorBody {
  readonly error?: unknown;
  readonly message?: unknown;
  readonly data?: unknown;
}

function parseBody(body: string): ErrorBody {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === "object" && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}

/** 1.x and 3.x say `{"error"}`, 2.x `{"code","message"}`, proxies anything. */
function saidBy({ body, headers, status }: WriteAnswer): string {
  const { error, message, data } = parseBody(body);
  const first = Array.isArray(data) ? data[0] : data;
  const detail = (first as { error_message?: unknown } | undefined)?.error_message;
  const said = [error, message, detail].filter((part) => typeof part === "string" && part !== "").join(": ");
  const header = headers["x-influxdb-error"];
  return (said || (typeof header === "string" ? header : body.trim()) || `status ${status}`).slice(0, 500);
}

function detailsOf({ body }: WriteAnswer): WriteErrorDetails {
  const { error, message, data } = parseBody(body);
  // 3.x, which names each line that it rejected: docs, "Accept partial writes".
  if (Array.isArray(data) && typeof error === "string" && error.startsWith("partial write")) {
    const rejected = data.map((entry: { line_number?: unknown; error_message?: unknown }) => ({
      index: Number(entry?.line_number) - 1,
      reason: String(entry?.error_message ?? error),
    }));
    return rejected.every(({ index }) => Number.isInteger(index)) ? { rejected } : {};
  }
  // 1.x and 2.x, which count them: "partial write: field type conflict: ... dropped=3".
  const dropped = /\bdropped=(\d+)\b/.exec(String(error ?? message ?? body))?.[1];
  return dropped === undefined ? {} : { rejectedCount: Number(dropped) };
}
