import { authorization, type Login } from "./digest";
import { ImageError } from "./image-error";

export interface SnapshotOptions {
  readonly url: string;
  readonly login?: Login;
  /** Longest time for the whole image, ms. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** Gives up when it is aborted. */
  readonly signal?: AbortSignal;
}

/** Redirects that are followed, to the same server only. */
const MAX_REDIRECTS = 3;
const REDIRECTS = [301, 302, 303, 307, 308];

/** @throws RangeError when the address is none of a snapshot */
export function checkSnapshotUrl(url: string): URL {
  if (!URL.canParse(url)) throw new RangeError(`URL: expected http://… or https://…, got "${url}"`);
  const parsed = new URL(url);
  if (parsed.protocol !== "http:" && parsed.protocol !== "https:") {
    throw new RangeError(`URL: expected http or https, got ${parsed.protocol.slice(0, -1)}`);
  }
  if (parsed.username !== "" || parsed.password !== "") {
    throw new RangeError(
      "URL: expected no user and password in it: enter them as credentials, where they are kept secret",
    );
  }
  return parsed;
}

/**
 * Fetches one image. Only the configured server is spoken to: a redirect to another is refused.
 * @throws ImageError saying what the server did
 */
export async function fetchSnapshot(options: SnapshotOptions): Promise<Buffer> {
  const start = checkSnapshotUrl(options.url);
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const signal = options.signal ? AbortSignal.any([timeout, options.signal]) : timeout;
  try {
    const response = await requested(start, options, signal);
    if (!response.ok) {
      await response.body?.cancel();
      throw new ImageError(`${start.host} answered ${response.status} ${response.statusText}`.trim());
    }
    return await bodyOf(response, options.maxBytes);
  } catch (error) {
    if (error instanceof ImageError) throw error;
    if (timeout.aborted)
      throw new ImageError(`${start.host}: no image within ${options.timeoutMs} ms`, { cause: error });
    throw new ImageError(`${start.host}: ${causeOf(error)}`, { cause: error });
  }
}

async function requested(start: URL, { login }: SnapshotOptions, signal: AbortSignal): Promise<Response> {
  let url = start;
  let answer: string | undefined;
  for (let redirects = 0; ; ) {
    const headers = { accept: "image/*", ...(answer ? { authorization: answer } : {}) };
    const response = await fetch(url.href, { headers, redirect: "manual", signal });
    if (REDIRECTS.includes(response.status)) {
      await response.body?.cancel();
      url = redirected(url, response.headers.get("location"), ++redirects);
      answer = undefined;
      continue;
    }
    const challenge = response.headers.get("www-authenticate");
    if (response.status !== 401 || !login || !challenge || answer) return response;
    await response.body?.cancel();
    answer = authorization(challenge, login, { method: "GET", path: url.pathname + url.search });
    if (!answer)
      throw new ImageError(`${url.host} asks for a login other than Basic or Digest: ${challenge.slice(0, 80)}`);
  }
}

function redirected(from: URL, location: string | null, count: number): URL {
  const to = location !== null && URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (!to || to.host !== from.host || !to.protocol.startsWith("http")) {
    throw new ImageError(`${from.host} sends to ${to?.host ?? "nowhere"}: only the server of the URL is asked`);
  }
  if (from.protocol === "https:" && to.protocol !== "https:")
    throw new ImageError(`${from.host} sends from https to http`);
  if (count > MAX_REDIRECTS) throw new ImageError(`${from.host}: more than ${MAX_REDIRECTS} redirects`);
  return to;
}

async function bodyOf(response: Response, maxBytes: number): Promise<Buffer> {
  const tooLarge = (): ImageError => new ImageError(`the image is larger than ${maxBytes} bytes`);
  if (Number(response.headers.get("content-length") ?? 0) > maxBytes) {
    await response.body?.cancel();
    throw tooLarge();
  }
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    // Leaving the loop cancels the rest.
    if (length > maxBytes) throw tooLarge();
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** fetch hides the reason one level down. */
function causeOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  const reason = cause instanceof Error ? cause : error;
  return reason instanceof Error ? reason.message || reason.name : String(reason);
}
