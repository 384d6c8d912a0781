import { isAbsolute, join } from "node:path";
import { ConfigError, type NodeContext } from "../../../kit";
import { checkCamera, checkSnapshotUrl, fetchSnapshot, readImageFile, takePicture } from "../../../lib/vision";
import type { schema } from "./schema";

/**
 * Where images come from, other than from messages; undefined for these.
 * @param signal ends an image that is being taken
 * @throws ConfigError naming what is wrong
 */
export function imageSource(
  { config, credentials, userDir }: NodeContext<typeof schema>,
  signal: AbortSignal,
): (() => Promise<Buffer>) | undefined {
  const maxBytes = Math.round(config.maxMegabytes * 1e6);
  const timeoutMs = config.timeout * 1000;
  try {
    switch (config.source) {
      case "message":
        return undefined;
      case "file": {
        const path = isAbsolute(config.file) ? config.file : join(userDir, config.file);
        return () => readImageFile(path, maxBytes);
      }
      case "http": {
        const { user, password = "" } = credentials;
        const login = user === undefined ? {} : { login: { user, password } };
        checkSnapshotUrl(config.url);
        return () => fetchSnapshot({ url: config.url, timeoutMs, maxBytes, signal, ...login });
      }
      case "camera": {
        const { program, width, height, executable } = config;
        const device = program === "ffmpeg" || program === "v4l2" ? config.device : config.number;
        const camera = checkCamera({ program, path: executable, device, width, height, timeoutMs, maxBytes });
        return () => takePicture(camera, signal);
      }
    }
  } catch (error) {
    throw error instanceof RangeError ? new ConfigError(error.message) : error;
  }
}

/** The image in a message: a Buffer, or text in base64, with or without the head of a data URL. */
export function imageOfMessage(payload: unknown): Uint8Array | undefined {
  if (payload instanceof Uint8Array) return payload;
  if (typeof payload !== "string") return undefined;
  const text = payload.replace(/^data:image\/[\w.+-]+;base64,/, "");
  return /^[A-Za-z0-9+/\s]+=*\s*$/.test(text) ? Buffer.from(text, "base64") : undefined;
}
