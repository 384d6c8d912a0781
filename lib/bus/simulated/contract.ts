import type { SensorSpec } from "../../simulation";
import type { BusClock } from "../clock";
import type { BusKind, Edge } from "../contract";

/**
 * What a model measures when nobody says otherwise: its course in time, noise and slow changes. The noise is a new one
 * every 10 ms. Values outside what the model can measure are the model's affair.
 */
export type Quantity = Omit<SensorSpec, "type" | "boolean" | "decimals">;
export type Quantities = Readonly<Record<string, Quantity>>;

/** The surroundings of a simulated part. */
export interface World<Q extends string = string> {
  readonly clock: BusClock;
  /** The physical value in the quantity's unit, now or at a time in ms since the epoch. */
  value(quantity: Q, at?: number): number;
}

/** Where the part is and how it is wired; what its driver was given. */
export interface Placement {
  readonly address?: number;
  readonly chipSelect?: number;
  readonly rom?: string;
  readonly options?: Readonly<Record<string, unknown>>;
}

/** Thrown by a model that does not acknowledge: it is busy, or does not know the command. */
export class Nack extends Error {
  override readonly name = "Nack";
}

export interface I2cModel {
  /** The bytes behind the address. @throws Nack */
  write(bytes: Uint8Array): void;
  /** So many bytes as the master clocks out. @throws Nack */
  read(length: number): Uint8Array;
}

export interface SpiModel {
  /** One selection of the chip: as many bytes out as in. */
  exchange(bytes: Uint8Array): Uint8Array;
}

export interface OneWireModel {
  /** A conversion has begun; `ms` later it is asked to be done. */
  convert(): void;
  /** Nine bytes, with CRC. */
  scratchpad(): Uint8Array;
  /** The bytes of a Write Scratchpad command. */
  write(bytes: Uint8Array): void;
}

export interface SerialModel {
  /** What a part says by itself, and how often. */
  readonly speaks?: { readonly everyMs: number; message(): Uint8Array | undefined };
  /** What it answers to what was sent, nothing when it was not meant. */
  answer?(bytes: Uint8Array): Uint8Array | undefined;
}

export interface GpioModel {
  /** The electrical level at a time, ms since the epoch: true is high. */
  level(at: number): boolean;
  /** The changes of level after `from` up to `to`, oldest first. */
  edges(from: number, to: number): readonly { readonly edge: Edge; readonly timestamp: number }[];
}

export interface Models {
  readonly i2c: I2cModel;
  readonly spi: SpiModel;
  readonly serial: SerialModel;
  readonly oneWire: OneWireModel;
  readonly gpio: GpioModel;
}

/** The counterpart of a driver: how the part behaves on its bus, and what it measures by default. */
export interface ModelDefinition<K extends BusKind = BusKind, Q extends string = string> {
  readonly bus: K;
  readonly quantities: Readonly<Record<Q, Quantity>>;
  /** The part as it is after power-up. */
  create(world: World<Q>, placement: Placement): Models[K];
}

const modelOf =
  <K extends BusKind>(bus: K) =>
  <Q extends string>(definition: Omit<ModelDefinition<K, Q>, "bus">): ModelDefinition<K, Q> => ({ bus, ...definition });

export const i2cModel = modelOf("i2c");
export const spiModel = modelOf("spi");
export const oneWireModel = modelOf("oneWire");
export const serialModel = modelOf("serial");
export const gpioModel = modelOf("gpio");
