import type { Socket } from "node:net";

/** Room for client id, user, password and a last will of usual sizes; MQTT itself would allow 256 MB. */
const MOST_CONNECT_BYTES = 131_072;
/** A client that has not introduced itself by then is none. */
const PATIENCE_MS = 10_000;
const CONNECT = 0x10;

/**
 * Waits for the head of a CONNECT of reasonable size before anything of a connection is parsed or kept, so that strangers
 * cannot fill the memory. Then `onAdmitted` gets the socket as if nothing had been read; otherwise it is destroyed and
 * `onTurnedAway` told why.
 */
export function admit(socket: Socket, onAdmitted: () => void, onTurnedAway: (reason: string) => void): void {
  let seen: Buffer = Buffer.alloc(0);
  const finish = (reason?: string): void => {
    clearTimeout(timer);
    socket.off("readable", onReadable);
    socket.off("close", onClose);
    if (reason === undefined) {
      socket.unshift(seen);
      socket.off("error", onError);
      onAdmitted();
    } else {
      // Its error listener stays: a destroyed socket may still have one to tell.
      socket.destroy();
      onTurnedAway(reason);
    }
  };
  const onReadable = (): void => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return;
    seen = Buffer.concat([seen, chunk]);
    const length = connectLength(seen);
    if (length === undefined) return;
    if (Number.isNaN(length)) finish("what came is not MQTT");
    else if (length > MOST_CONNECT_BYTES)
      finish(`its CONNECT has ${length} bytes, at most ${MOST_CONNECT_BYTES} are taken`);
    else finish();
  };
  // Who looks whether the port is open and leaves, as health checks do, is not worth a word.
  const onClose = (): void => clearTimeout(timer);
  const onError = (): void => undefined;
  const timer = setTimeout(() => finish("it did not introduce itself"), PATIENCE_MS);
  timer.unref();
  socket.on("error", onError);
  socket.on("close", onClose);
  socket.on("readable", onReadable);
}

/**
 * The remaining length of a CONNECT packet, MQTT 3.1.1 sections 2.2.3 and 3.1.1, from its first bytes; undefined while they
 * are too few, NaN when they are not the head of a CONNECT.
 */
export function connectLength(bytes: Uint8Array): number | undefined {
  if (bytes.length === 0) return undefined;
  if (bytes[0] !== CONNECT) return Number.NaN;
  let length = 0;
  for (let digit = 0; digit < 4; digit += 1) {
    const byte = bytes[1 + digit];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 128 ** digit;
    if (byte < 0x80) return length;
  }
  return Number.NaN;
}
