import type { BusClock, BusError, BusKind, SharedBus } from "../../bus";
import type { OptionSpecs } from "./options";
import type { ChannelInfo, ChannelReading } from "./values";

/** What lists, dialogs and the check of every driver need to know of a sensor's driver. */
export interface SensorDriver<K extends BusKind = BusKind> {
  readonly role: "sensor";
  readonly bus: K;
  /** As printed on the part: "SHT31". */
  readonly name: string;
  readonly maker: string;
  /** In a few words, for the search: "temperature and humidity". */
  readonly measures: string;
  /** Document whose sections the code cites. */
  readonly datasheet?: string;
  /** Where the part can answer, the usual one first: 7-bit I2C addresses, Modbus units. */
  readonly addresses: readonly number[];
  readonly options: OptionSpecs;
  /** The channels with these options. @throws RangeError for options that are not valid */
  channels(options?: Readonly<Record<string, unknown>>): readonly ChannelInfo[];
  /**
   * A part on a bus. Nothing is sent before the first read.
   * @throws RangeError for an address or options that are not valid
   */
  connect(bus: SharedBus<K>, settings?: DeviceSettings): SensorSession;
}

/** Where on its bus the part is and how it is to work. */
export interface DeviceSettings {
  /** I2C address, Modbus unit; the driver's first when missing. */
  readonly address?: number;
  /** SPI chip select; 0 when missing. */
  readonly chipSelect?: number;
  /** 1-Wire ROM id; the only device of its family when missing. */
  readonly rom?: string;
  readonly options?: Readonly<Record<string, unknown>>;
}

/** A part in use. It is identified and set up before the first read, and again after it was lost. */
export interface SensorSession {
  readonly channels: readonly ChannelInfo[];
  /**
   * Measures once; of a part that speaks by itself what it said last, after waiting for a message when there was none since
   * the read before. What the part sent damaged, or what it could not measure, comes as quality "bad" with the reason.
   * @throws BusError when the part or the bus does not answer
   * @throws DriverError when another part answers
   */
  read(): Promise<ChannelReading[]>;
  /** High-rate parts: everything since the last block. @throws as read */
  readBlock?(): Promise<SampleBlock>;
  /**
   * Parts that speak by themselves: calls back for every message, and for what is wrong; the port is opened anew when it
   * was lost. Callbacks must not throw. Returns what undoes it.
   */
  listen?(onReadings: StreamListener["onReadings"], onProblem?: StreamListener["onProblem"]): () => void;
  /** Messages of such a part that came damaged and were left out. */
  readonly damaged?: number;
  /** Puts the part to rest if it can be reached. Never rejects. */
  close(): Promise<void>;
}

export interface StreamListener {
  readonly onReadings: (readings: ChannelReading[]) => void;
  readonly onProblem: (problem: BusError) => void;
}

/** Samples taken by the part at a constant rate, oldest first. */
export interface SampleBlock {
  readonly rateHz: number;
  /** When the last sample was taken, ms since the epoch. */
  readonly timestamp: number;
  readonly channels: readonly {
    readonly sensor: string;
    readonly unit: string;
    readonly samples: Float64Array;
  }[];
  /** True when the part's buffer was full and samples before these are lost. */
  readonly overrun: boolean;
}

/** What a driver's conversions and steps know besides the bytes. */
export interface DriverContext<O, C, S> {
  readonly options: O;
  /** What was read from the part once, at set-up. */
  readonly calibration: C;
  /** The driver's own memory of this part; new at every set-up. */
  readonly state: S;
  readonly clock: BusClock;
}

/** Another part than the driver's answers, or the part refuses to work. */
export class DriverError extends Error {
  override readonly name = "DriverError";
}
