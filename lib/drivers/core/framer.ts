/** Cuts a stream of bytes, which arrives in pieces of any size, into messages. */
export interface Framer {
  /** How many messages came damaged and were left out, since the framer was made. */
  readonly damaged: number;
  /** Returns the messages that are complete with these bytes. */
  push(bytes: Uint8Array): Uint8Array[];
  /** Forgets what is incomplete. */
  reset(): void;
}

/** Lines, without their end. A line longer than `maxLength` bytes counts as damaged. */
export function lineFramer({ maxLength = 256 } = {}): Framer {
  let line: number[] = [];
  let isTooLong = false;
  let damaged = 0;
  return {
    get damaged() {
      return damaged;
    },
    push(bytes) {
      const lines: Uint8Array[] = [];
      for (const byte of bytes) {
        if (byte === 0x0a) {
          if (line.at(-1) === 0x0d) line.pop();
          if (isTooLong) damaged += 1;
          else if (line.length > 0) lines.push(Uint8Array.from(line));
          line = [];
          isTooLong = false;
        } else if (line.length > maxLength) isTooLong = true;
        else line.push(byte);
      }
      return lines;
    },
    reset() {
      line = [];
      isTooLong = false;
    },
  };
}

export interface PacketShape {
  /** Bytes that every packet begins with; may be empty. */
  readonly start: readonly number[];
  /** Length of the whole packet, from its beginning as far as it is there; undefined when that does not tell it yet. */
  readonly length: number | ((packet: Uint8Array) => number | undefined);
  /** False for a damaged packet, which is counted: the next one is then looked for behind its first byte. */
  readonly check?: (packet: Uint8Array) => boolean;
  /** A length beyond it is damage; 512 when missing. */
  readonly maxLength?: number;
}

/** Binary packets by their start, length and checksum; finds the next one after noise and damage. */
export function packetFramer({ start, length, check = () => true, maxLength = 512 }: PacketShape): Framer {
  let pending = new Uint8Array(0);
  let damaged = 0;
  /** How many of the pending bytes are of the packet that was counted last: what looks like a start in it is none. */
  let counted = 0;
  const dropOne = () => {
    pending = pending.subarray(1);
    counted = Math.max(0, counted - 1);
  };
  const begins = () => start.every((byte, index) => index >= pending.length || pending[index] === byte);
  const lengthNow = () => (typeof length === "number" ? length : length(pending));
  return {
    get damaged() {
      return damaged;
    },
    push(bytes) {
      pending = Uint8Array.from([...pending, ...bytes]);
      const packets: Uint8Array[] = [];
      while (pending.length > 0) {
        const size = begins() ? lengthNow() : 0;
        if (size === undefined && pending.length <= maxLength) break;
        if (size === undefined || size < 1 || size > maxLength) dropOne();
        else if (pending.length < size) break;
        else if (check(pending.subarray(0, size))) {
          packets.push(pending.slice(0, size));
          pending = pending.subarray(size);
          counted = 0;
        } else {
          if (counted === 0) {
            damaged += 1;
            counted = size;
          }
          dropOne();
        }
      }
      return packets;
    },
    reset() {
      pending = new Uint8Array(0);
      counted = 0;
    },
  };
}
