import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { splitLine } from "../../lib/timeseries/line-protocol";

/** What the double was asked, for tests that look at the request itself. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * A stand-in for InfluxDB 2.x and 3.x, of which there is no server on our test machines. It knows only their documented
 * HTTP API: https://docs.influxdata.com/influxdb/v2/api/ and https://docs.influxdata.com/influxdb3/core/api/. It stores
 * points by series and time, holds each field to its first type, and answers partial writes as the documentation says.
 */
export class InfluxDouble {
  readonly requests: SeenRequest[] = [];
  /** Lines by series and time, as a server keeps them: the last one wins. */
  readonly points = new Map<string, string>();
  readonly #types = new Map<string, string>();
  /** Answers given before the double does what it should. */
  planned: Answer[] = [];
  /** The body of the next answers to queries. */
  queryAnswer: { readonly type: string; readonly body: string } = { type: "text/csv", body: "" };

  private constructor(
    private readonly server: Server,
    private readonly token: string,
    private readonly database: string,
  ) {
    server.on("request", (request, response) => void this.#serve(request, response));
  }

  static async start(token = "t0ken", database = "plant"): Promise<InfluxDouble> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return new InfluxDouble(server, token, database);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const seen = await readRequest(request);
    this.requests.push(seen);
    const { status, body, headers } = this.planned.shift() ?? this.#answer(seen);
    const text = typeof body === "string" ? body : body === undefined ? "" : JSON.stringify(body);
    response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(text);
  }

  #answer({ path, query, headers, body }: SeenRequest): Answer {
    const second = path.startsWith("/api/v2/");
    if (headers.authorization !== `${second ? "Token" : "Bearer"} ${this.token}`) {
      return {
        status: 401,
        body: second
          ? { code: "unauthorized", message: "unauthorized access" }
          : { error: "the request was not authenticated" },
      };
    }
    switch (path) {
      case "/api/v2/write":
        if (query.bucket !== this.database) {
          return { status: 404, body: { code: "not found", message: `bucket "${query.bucket}" not found` } };
        }
        return query.precision === "ns"
          ? this.#write2(body)
          : { status: 400, body: { code: "invalid", message: "precision" } };
      case "/api/v3/write_lp":
        return query.precision === "nanosecond" ? this.#write3(body) : { status: 400, body: { error: "precision" } };
      case "/api/v2/query":
      case "/api/v3/query_sql":
        return { status: 200, body: this.queryAnswer.body, headers: { "Content-Type": this.queryAnswer.type } };
      default:
        return { status: 404, body: "404 page not found" };
    }
  }

  #write2(body: string): Answer {
    const refused = this.#store(body);
    const first = refused[0];
    if (!first) return { status: 204 };
    const message = `failure writing points to database: partial write: ${first.reason} dropped=${refused.length}`;
    return { status: 422, body: { code: "unprocessable entity", message } };
  }

  #write3(body: string): Answer {
    const refused = this.#store(body);
    if (refused.length === 0) return { status: 204 };
    const data = refused.map(({ line, number, reason }) => ({
      original_line: line,
      line_number: number,
      error_message: reason,
    }));
    return { status: 400, body: { error: "partial write of line protocol occurred", data } };
  }

  #store(body: string): { line: string; number: number; reason: string }[] {
    return body.split("\n").flatMap((line, index) => {
      if (line === "") return [];
      const parts = splitLine(line);
      const reason = parts ? this.#conflict(parts.fields) : "invalid line protocol";
      if (!parts || reason) return [{ line, number: index + 1, reason: reason ?? "" }];
      this.points.set(`${parts.series} ${line.slice(line.lastIndexOf(" ") + 1)}`, line);
      return [];
    });
  }

  #conflict(fields: string): string | undefined {
    for (const [, name = "", value = ""] of fields.matchAll(/(?:^|,)(\w+)=("(?:[^"\\]|\\.)*"|[^,]+)/g)) {
      const type = value.startsWith('"')
        ? "string"
        : /^(true|false)$/.test(value)
          ? "boolean"
          : value.endsWith("i")
            ? "integer"
            : "float";
      const known = this.#types.get(name);
      if (known === undefined) this.#types.set(name, type);
      else if (known !== type)
        return `field type conflict: input field "${name}" is type ${type}, already exists as type ${known}`;
    }
    return undefined;
  }
}

async function readRequest(request: IncomingMessage): Promise<SeenRequest> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const bytes = Buffer.concat(parts);
  const url = new URL(request.url ?? "/", "http://double");
  return {
    method: request.method ?? "",
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: request.headers,
    body: (request.headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes).toString(),
  };
}
