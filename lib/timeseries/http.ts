import type { Agent, IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { RequestOptions } from "node:https";

export interface HttpOptions {
  /** The server's address, which may have a path: "https://influx.example:8086". */
  readonly url: string;
  /** For the whole exchange, ms. */
  readonly timeoutMs: number;
  /** False accepts any certificate. */
  readonly verifyCertificate?: boolean;
  /** PEM of the authority that signed the server's certificate, beside the well-known ones. */
  readonly ca?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Most bytes of the answer that are read. */
  readonly maxBytes?: number;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const DEFAULT_MAX_BYTES = 1024 * 1024;

/** A few connections to one server, kept open. Every exchange ends: with an answer, an error or the time limit. */
export class HttpClient {
  readonly #base: URL;
  readonly #tls: RequestOptions;
  #agent: Agent | undefined;

  /** @throws TypeError when the URL is none, or neither http nor https */
  constructor(private readonly options: HttpOptions) {
    this.#base = parseServerUrl(options.url);
    this.#tls = tlsOptions(options);
  }

  /**
   * Sends a request; resolves with the answer, whatever its status.
   * @throws Error when the server cannot be reached, closes early, answers too much or too late
   */
  async request(request: HttpRequest): Promise<HttpResponse> {
    const { http, https } = await loadHttp();
    const { request: open, Agent } = this.#base.protocol === "https:" ? https : http;
    this.#agent ??= new Agent({ keepAlive: true, maxSockets: 4 });
    const agent = this.#agent;
    const { timeoutMs } = this.options;
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => reject(describeFailure(error, timeoutMs));
      const outgoing = open(
        this.#urlOf(request),
        {
          ...this.#tls,
          agent,
          method: request.method,
          headers: {
            ...this.options.headers,
            ...request.headers,
            ...(request.body === undefined ? {} : { "Content-Length": String(Buffer.byteLength(request.body)) }),
          },
          signal: AbortSignal.timeout(timeoutMs),
        },
        (incoming) => readAnswer(incoming, request.maxBytes ?? DEFAULT_MAX_BYTES).then(resolve, fail),
      );
      outgoing.on("error", fail);
      outgoing.end(request.body);
    });
  }

  #urlOf({ path, query }: HttpRequest): URL {
    const url = new URL(this.#base);
    url.pathname = url.pathname.replace(/\/$/, "") + path;
    for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value);
    return url;
  }

  close(): void {
    this.#agent?.destroy();
  }
}

/**
 * @throws TypeError naming what is wrong: no URL, another protocol, or credentials, which belong in their own fields
 */
export function parseServerUrl(address: string): URL {
  if (!URL.canParse(address)) {
    throw new TypeError(`URL: expected an address such as http://localhost:8086, got "${address}"`);
  }
  const url = new URL(address);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new TypeError(`URL: expected http or https, got "${url.protocol.slice(0, -1)}"`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new TypeError("URL: must not contain a user or password; enter them in their own fields");
  }
  return url;
}

export function tlsOptions({ verifyCertificate = true, ca }: Pick<HttpOptions, "verifyCertificate" | "ca">): {
  rejectUnauthorized: boolean;
  ca?: string;
} {
  return { rejectUnauthorized: verifyCertificate, ...(ca ? { ca } : {}) };
}

async function loadHttp(): Promise<{ http: typeof import("node:http"); https: typeof import("node:https") }> {
  const [http, https] = await Promise.all([import("node:http"), import("node:https")]);
  return { http, https };
}

function readAnswer(incoming: IncomingMessage, maxBytes: number): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let size = 0;
    incoming.on("data", (part: Buffer) => {
      size += part.length;
      if (size > maxBytes) incoming.destroy(new Error(`the answer has more than ${maxBytes} bytes`));
      else parts.push(part);
    });
    incoming.on("error", reject);
    incoming.on("end", () =>
      resolve({
        status: incoming.statusCode ?? 0,
        headers: incoming.headers,
        body: Buffer.concat(parts).toString(),
      }),
    );
  });
}

function describeFailure(error: Error, timeoutMs: number): Error {
  if (error.name === "AbortError" || error.name === "TimeoutError") {
    return new Error(`no answer within ${timeoutMs} ms`);
  }
  // Node joins the failures of a name's IPv4 and IPv6 addresses in an error without a message of its own.
  const code = (error as NodeJS.ErrnoException).code;
  return error.message === "" && code ? new Error(code, { cause: error }) : error;
}
