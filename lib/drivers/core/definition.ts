import type { DriverContext, SampleBlock } from "./contract";
import type { Field } from "./fields";
import type { OptionSpecs, OptionValues } from "./options";
import type { ChannelInfo, ChannelValue } from "./values";

/** One thing to do with a part. The bytes it resolves with, if any, join the frame that is decoded. */
export type Step<D, X> = (device: D, context: X) => Promise<Uint8Array | undefined>;
/** Things to do one after the other; a function where the sequence depends on what comes back. */
export type Steps<D, X> = readonly Step<D, X>[] | Step<D, X>;

export interface Channel<X> extends ChannelInfo {
  /** Where the raw number is in the frame. */
  readonly raw?: Field;
  /** The measured value from the raw number; the raw number itself when missing. */
  readonly value?: (raw: number, context: X) => ChannelValue;
}

/** Values by channel. A channel that is not there gives no reading. */
export type Decoded = Readonly<Record<string, ChannelValue | undefined>>;

export interface Calibration<D, C> {
  readonly read: Steps<D, unknown>;
  readonly parse: (bytes: Uint8Array) => C;
}

/** What drivers of every kind of bus say of themselves. Properties used by later ones come first: types follow them. */
export interface Described<O extends OptionSpecs> {
  readonly name: string;
  readonly maker: string;
  readonly measures: string;
  readonly datasheet?: string;
  readonly options?: O;
}

/**
 * A part that is asked for its values: by I2C, SPI or 1-Wire.
 * D is the device as its bus offers it, C the calibration, S the driver's own memory.
 */
export interface PolledDefinition<D, O extends OptionSpecs, C, S> extends Described<O> {
  /** Makes the driver's own memory, at every set-up. */
  readonly state?: () => S;
  /** Throws DriverError when another part answers: see `chipId`. */
  readonly identify?: Step<D, DriverContext<OptionValues<O>, undefined, S>>;
  /** Done once after power-up or loss. */
  readonly init?: Steps<D, DriverContext<OptionValues<O>, undefined, S>>;
  /** Read once, after `init`. */
  readonly calibration?: Calibration<D, C>;
  readonly read: Steps<D, DriverContext<OptionValues<O>, C, S>>;
  readonly channels:
    | readonly Channel<DriverContext<OptionValues<O>, C, S>>[]
    | ((options: OptionValues<O>) => readonly Channel<DriverContext<OptionValues<O>, C, S>>[]);
  /** Instead of `raw` and `value` in the channels, where values depend on one another. */
  readonly decode?: (frame: Uint8Array, context: DriverContext<OptionValues<O>, C, S>) => Decoded;
  /** For parts with a buffer: what it holds. */
  readonly readBlock?: (device: D, context: DriverContext<OptionValues<O>, C, S>) => Promise<SampleBlock>;
  /** Puts the part to rest. */
  readonly close?: Steps<D, DriverContext<OptionValues<O>, C, S>>;
}

/** Runs steps and returns the bytes that they brought, joined. */
export async function run<D, X>(steps: Steps<D, X>, device: D, context: X): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (const step of typeof steps === "function" ? [steps] : steps) {
    const bytes = await step(device, context);
    if (bytes) parts.push(bytes);
  }
  return parts.length === 1 ? parts[0]! : Uint8Array.from(parts.flatMap((part) => [...part]));
}
