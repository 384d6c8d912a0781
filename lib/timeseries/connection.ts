import type { Write } from "../outbox/deliver";
import type { HistorySource } from "./history-rows";

/** How to reach an InfluxDB. */
export interface InfluxConnection {
  readonly url: string;
  /** The database of 1.x and 3.x, the bucket of 2.x. */
  readonly database: string;
  /** 2.x: name or id. */
  readonly organization?: string;
  /** 1.x: the database's default when left out. */
  readonly retentionPolicy?: string;
  /** 1.x. */
  readonly username?: string;
  readonly password?: string;
  /** 2.x and 3.x. */
  readonly token?: string;
  readonly measurement: string;
  /** For one request, ms. */
  readonly timeoutMs: number;
  readonly verifyCertificate: boolean;
  /** PEM of the authority that signed the server's certificate. */
  readonly ca?: string;
  /** Compresses writes, for 2.x and 3.x: less traffic, more work for the gateway. */
  readonly gzip?: boolean;
}

export type InfluxVersion = "influx1" | "influx2" | "influx3";

/** A time-series database: takes line protocol with nanosecond timestamps, gives readings back. */
export interface InfluxTarget extends HistorySource {
  /** Resolves when the server has confirmed the points. @throws WriteError */
  readonly write: Write;
}

/** What an InfluxDB config node gives to the nodes that use it. */
export interface InfluxService {
  readonly version: InfluxVersion;
  readonly connection: InfluxConnection;
  /** The server for people: its kind and address, without credentials. */
  readonly title: string;
}
