/**
 * What a bus can do, whether it is a wire or a simulation. A transport does one thing at a time: `SharedBus` queues for it.
 * Every method rejects with a BusError.
 */

/** The two-wire bus. Addresses are 7 bit. */
export interface I2cBus {
  /**
   * Writes, then reads after a repeated start; either part may be empty. Neither part: only the address is sent, to see
   * whether a device answers.
   */
  transfer(address: number, write: Uint8Array, readLength: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

export interface SpiOptions {
  /** Clock polarity and phase as usually numbered: mode = 2 * CPOL + CPHA. */
  readonly mode: 0 | 1 | 2 | 3;
  readonly speedHz: number;
  readonly chipSelect: number;
}

export interface SpiBus {
  /** Sends the bytes in one selection of the chip and returns as many that came in at the same time. */
  transfer(bytes: Uint8Array, options: SpiOptions): Promise<Uint8Array>;
  close(): Promise<void>;
}

export interface SerialSettings {
  readonly baudRate: number;
  readonly dataBits?: 7 | 8;
  readonly parity?: "none" | "even" | "odd";
  readonly stopBits?: 1 | 2;
}

export interface SerialPort {
  /** What it works with now. */
  readonly settings: SerialSettings;
  /** Settles when the bytes have left. */
  write(bytes: Uint8Array): Promise<void>;
  /** Calls back with what arrives, in pieces of any size. Returns what undoes it. */
  onData(listener: (bytes: Uint8Array) => void): () => void;
  /** Calls back once when the port is lost. Returns what undoes it. */
  onGone(listener: (error: Error) => void): () => void;
  /** Another speed or frame from now on, when a driver needs other settings than the port was opened with. */
  configure(settings: SerialSettings): Promise<void>;
  close(): Promise<void>;
}

/** A 1-Wire bus by ROM ids as Linux writes them: family, dash, serial number, "28-000001b81c02". */
export interface OneWireBus {
  /** The ROM ids of the devices on the bus, optionally only those of a family ("28"). */
  search(family?: string): Promise<string[]>;
  /** Lets the device measure, which takes up to `ms`; settles when it has. Other devices may be addressed meanwhile. */
  convert(rom: string, ms: number): Promise<void>;
  /** All nine bytes, the last one their CRC, which has not been checked. */
  readScratchpad(rom: string): Promise<Uint8Array>;
  /** The writable bytes: TH, TL and configuration of a thermometer. */
  writeScratchpad(rom: string, bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

export type Edge = "rising" | "falling";

export interface LineOptions {
  /** True is the low level. */
  readonly activeLow?: boolean;
  readonly bias?: "none" | "pull-up" | "pull-down";
}

export interface InputOptions extends LineOptions {
  /** A level that lasts less is not reported, ms. */
  readonly debounceMs?: number;
}

export interface OutputOptions extends LineOptions {
  readonly initial: boolean;
  readonly drive?: "push-pull" | "open-drain" | "open-source";
}

export interface GpioInput {
  read(): Promise<boolean>;
  close(): Promise<void>;
}

export interface GpioOutput {
  set(value: boolean): Promise<void>;
  close(): Promise<void>;
}

/** One GPIO chip; a line is its offset on the chip, and in use once. */
export interface GpioChip {
  input(line: number, options: InputOptions): Promise<GpioInput>;
  /** An input that also reports its edges, with the time of each in ms since the epoch. */
  watch(line: number, options: InputOptions, listener: (edge: Edge, timestamp: number) => void): Promise<GpioInput>;
  output(line: number, options: OutputOptions): Promise<GpioOutput>;
  close(): Promise<void>;
}

/** The transport of each kind of bus. */
export interface Transports {
  readonly i2c: I2cBus;
  readonly spi: SpiBus;
  readonly serial: SerialPort;
  readonly oneWire: OneWireBus;
  readonly gpio: GpioChip;
}

export type BusKind = keyof Transports;
