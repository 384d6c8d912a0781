import { promisify } from "node:util";
import { WriteError } from "../outbox/write-error";
import type { InfluxConnection } from "./connection";
import { HttpClient, type HttpResponse } from "./http";
import { writeFailure } from "./write-failure";

/** Most bytes of a query's answer: half a gigabyte of history must not end the gateway. */
export const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

export function openHttp(connection: InfluxConnection, scheme: "Token" | "Bearer"): HttpClient {
  const { url, timeoutMs, verifyCertificate, ca, token } = connection;
  const headers: Record<string, string> = token ? { Authorization: `${scheme} ${token}` } : {};
  return new HttpClient({ url, timeoutMs, verifyCertificate, ca, headers });
}

/** Posts lines to a write endpoint; resolves on 2xx. @throws WriteError */
export async function postLines(
  client: HttpClient,
  path: string,
  query: Readonly<Record<string, string>>,
  lines: string,
  gzip = false,
): Promise<void> {
  let answer: HttpResponse;
  try {
    answer = await client.request({
      method: "POST",
      path,
      query,
      headers: { "Content-Type": "text/plain; charset=utf-8", ...(gzip ? { "Content-Encoding": "gzip" } : {}) },
      body: gzip ? await compress(lines) : lines,
    });
  } catch (error) {
    throw new WriteError("unreachable", error instanceof Error ? error.message : String(error));
  }
  if (answer.status < 200 || answer.status > 299) throw writeFailure(answer, Date.now());
}

async function compress(lines: string): Promise<Buffer> {
  const { gzip } = await import("node:zlib");
  return promisify(gzip)(lines);
}

/** @throws Error with what the server said */
export function checkQueryAnswer(answer: HttpResponse): string {
  if (answer.status === 200) return answer.body;
  throw new Error(`InfluxDB: ${writeFailure(answer, Date.now()).message}`);
}
