import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Exposition } from "../../../lib/monitor";

export interface MetricsServerOptions {
  readonly host: string;
  readonly port: number;
  /** Who asks must say it, as `Authorization: Bearer …`; empty for anyone. */
  readonly token: string;
  readonly expose: () => Promise<Exposition>;
  /** Told of what goes wrong after the start, and of scrapes that failed. */
  readonly onProblem: (problem: Error) => void;
}

/** A scraper asks once in some seconds: more at once are no scrapers. */
const MAX_CONNECTIONS = 20;
const TIMEOUT_MS = 10_000;

/** Serves GET /metrics. @throws an error of the system when the port cannot be had */
export async function serveMetrics(
  options: MetricsServerOptions,
): Promise<{ close: () => Promise<void>; port: number }> {
  const server = createServer((request, response) => void answer(request, response, options));
  server.maxConnections = MAX_CONNECTIONS;
  server.requestTimeout = server.headersTimeout = TIMEOUT_MS;
  await listening(server, options);
  server.on("error", options.onProblem);
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : options.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listening(server: Server, { host, port }: MetricsServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: MetricsServerOptions,
): Promise<void> {
  // What is sent is never read: a body that does not end would hold the connection.
  request.resume();
  if (!isAllowed(request.headers.authorization, options.token)) {
    response
      .writeHead(401, { "WWW-Authenticate": 'Bearer realm="metrics"' })
      .end("expected Authorization: Bearer <token>\n");
    return;
  }
  const path = request.url?.split("?", 1)[0];
  if (path !== "/metrics") {
    response.writeHead(404).end("the metrics are under /metrics\n");
    return;
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.writeHead(405, { Allow: "GET, HEAD" }).end();
    return;
  }
  try {
    const { contentType, body } = await options.expose();
    response.writeHead(200, { "Content-Type": contentType }).end(request.method === "HEAD" ? undefined : body);
  } catch (error) {
    options.onProblem(error instanceof Error ? error : new Error(String(error)));
    response.writeHead(500).end("the metrics could not be written\n");
  }
}

/** Compared by their digests, which are of one length, in constant time: how long it takes tells nothing of the token. */
function isAllowed(authorization: string | undefined, token: string): boolean {
  if (token === "") return true;
  const given = /^Bearer +(.+)$/i.exec(authorization ?? "")?.[1] ?? "";
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
