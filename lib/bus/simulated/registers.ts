import type { BusClock } from "../clock";
import { type I2cModel, Nack, type SpiModel } from "./contract";

export interface RegisterBehaviour {
  /** Contents after power-up, by first register. */
  readonly powerOn?: Readonly<Record<number, number | readonly number[]>>;
  /** Called before a byte is read: brings measured registers up to date, or returns the byte itself (a FIFO). */
  readonly onRead?: (register: number, registers: Uint8Array) => number | undefined;
  /** Called before a byte is stored; false keeps the register as it is. */
  readonly onWrite?: (register: number, value: number, registers: Uint8Array) => boolean | undefined;
  /** The register that the next byte of a burst is of; the next one when missing. */
  readonly next?: (register: number) => number;
}

/** A part with 256 registers of one byte: the first byte of a write names the register, bursts go on to the next ones. */
export function registerModel(behaviour: RegisterBehaviour): I2cModel & { readonly registers: Uint8Array } {
  const file = new RegisterFile(behaviour);
  let register = 0;
  return {
    registers: file.registers,
    write([first, ...rest]) {
      if (first === undefined) return;
      register = file.write(first, rest);
    },
    read(length) {
      const bytes = file.read(register, length);
      register = file.after(register, length);
      return bytes;
    },
  };
}

/** The same on SPI: the first byte is the register with `readBit` set to read; `addressMask` are the register's bits. */
export function spiRegisterModel(
  behaviour: RegisterBehaviour,
  { readBit = 0x80, writeBit = 0, addressMask = 0x7f } = {},
): SpiModel & { readonly registers: Uint8Array } {
  const file = new RegisterFile(behaviour);
  return {
    registers: file.registers,
    exchange([first, ...rest]) {
      if (first === undefined) return new Uint8Array(0);
      const register = first & addressMask;
      const answer = new Uint8Array(1 + rest.length);
      if (readBit ? first & readBit : !(first & writeBit)) answer.set(file.read(register, rest.length), 1);
      else file.write(register, rest);
      return answer;
    },
  };
}

class RegisterFile {
  readonly registers = new Uint8Array(256);

  constructor(private readonly behaviour: RegisterBehaviour) {
    for (const [register, value] of Object.entries(behaviour.powerOn ?? {})) {
      this.registers.set(typeof value === "number" ? [value] : value, Number(register));
    }
  }

  read(first: number, length: number): Uint8Array {
    let register = first;
    return Uint8Array.from({ length }, () => {
      const byte = this.behaviour.onRead?.(register, this.registers) ?? this.registers[register]!;
      register = this.#next(register);
      return byte;
    });
  }

  /** Returns the register behind the last one written. */
  write(first: number, values: readonly number[]): number {
    let register = first;
    for (const value of values) {
      if (this.behaviour.onWrite?.(register, value, this.registers) !== false) this.registers[register] = value;
      register = this.#next(register);
    }
    return register;
  }

  after(first: number, length: number): number {
    let register = first;
    for (let i = 0; i < length; i++) register = this.#next(register);
    return register;
  }

  #next(register: number): number {
    return this.behaviour.next?.(register) ?? (register + 1) & 0xff;
  }
}

export interface WordBehaviour {
  readonly read: (register: number) => number;
  readonly write?: (register: number, value: number) => void;
  /** Low byte first; high byte first when missing. */
  readonly littleEndian?: boolean;
}

/** A part with registers of 16 bit: the first byte names the register, which stays the one that is read. */
export function wordRegisterModel({ read, write, littleEndian = false }: WordBehaviour): I2cModel {
  let register = 0;
  const ordered = (high: number, low: number): [number, number] => (littleEndian ? [low, high] : [high, low]);
  return {
    write(bytes) {
      if (bytes.length > 0) register = bytes[0]!;
      if (bytes.length < 3) return;
      const [high, low] = ordered(bytes[1]!, bytes[2]!);
      write?.(register, (high << 8) | low);
    },
    read(length) {
      const word = read(register);
      const two = ordered((word >> 8) & 0xff, word & 0xff);
      return Uint8Array.from({ length }, (_, index) => two[index % 2]!);
    },
  };
}

/** What a command brings: bytes that can be read after so many milliseconds. */
export interface CommandAnswer {
  readonly bytes?: () => Uint8Array;
  readonly afterMs?: number;
}

/**
 * A part that is given commands, of two bytes unless said otherwise, and answers some time later. Until then it does not
 * acknowledge.
 * @param execute returns undefined for a command that the part does not know
 */
export function commandModel(
  clock: BusClock,
  execute: (command: number, args: Uint8Array) => CommandAnswer | undefined,
  { commandBytes = 2 }: { commandBytes?: 1 | 2 } = {},
): I2cModel {
  let answer: CommandAnswer = {};
  let readyAt = Number.NEGATIVE_INFINITY;
  const whenReady = () => {
    if (clock.now() < readyAt) throw new Nack("busy");
  };
  return {
    write(bytes) {
      if (bytes.length === 0) return whenReady();
      whenReady();
      if (bytes.length < commandBytes) throw new Nack("incomplete command");
      const command = commandBytes === 1 ? bytes[0]! : (bytes[0]! << 8) | bytes[1]!;
      const known = execute(command, bytes.subarray(commandBytes));
      if (!known) throw new Nack("unknown command");
      answer = known;
      readyAt = clock.now() + (known.afterMs ?? 0);
    },
    read(length) {
      whenReady();
      const bytes = answer.bytes?.();
      if (!bytes) throw new Nack("nothing to read");
      return padded(bytes, length);
    },
  };
}

/** Words of 16 bit, high byte first, each with the checksum that `crc` gives. */
export function wordsWithCrc(crc: (bytes: Uint8Array) => number, ...words: readonly number[]): Uint8Array {
  return Uint8Array.from(
    words.flatMap((word) => {
      const two = Uint8Array.of((word >> 8) & 0xff, word & 0xff);
      return [...two, crc(two)];
    }),
  );
}

/** A physical value as the whole number that a part holds, saturated at what `bits` can express. */
export function rawOf(value: number, bits: number, kind: "signed" | "unsigned" = "unsigned"): number {
  const low = kind === "signed" ? -(2 ** (bits - 1)) : 0;
  const high = kind === "signed" ? 2 ** (bits - 1) - 1 : 2 ** bits - 1;
  const whole = Math.min(high, Math.max(low, Math.round(value)));
  // Two's complement.
  return whole < 0 ? whole + 2 ** bits : whole;
}

/** A line that nobody drives reads as ones. */
function padded(bytes: Uint8Array, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => bytes[index] ?? 0xff);
}
