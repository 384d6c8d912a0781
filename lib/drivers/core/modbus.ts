import { BusError, type Grip, type SerialPort, type SerialSettings } from "../../bus";
import type { DeviceSettings } from "./contract";
import { modbusCrc } from "./crc";
import type { Channel, Described } from "./definition";
import { type Field, s16be, s32be, u16be, u32be } from "./fields";
import { type Framer, packetFramer } from "./framer";
import type { OptionSpecs } from "./options";
import { type PolledDriver, polledDriver } from "./polled";
import { type SerialDevice, serialDevice } from "./serial";
import type { ChannelValue } from "./values";

/** A unit on a Modbus line. */
export interface ModbusDevice extends SerialDevice {
  readonly unit: number;
  /** Two bytes a register. Function 3 reads holding registers, 4 input registers. */
  readRegisters(kind: "holding" | "input", first: number, count: number): Promise<Uint8Array>;
  writeRegister(register: number, value: number): Promise<void>;
}

const FIELDS = {
  u16: { size: 2, field: u16be },
  s16: { size: 2, field: s16be },
  u32: { size: 4, field: u32be },
  s32: { size: 4, field: s32be },
  f32: { size: 4, field: f32be },
  /** Low word first. */
  f32swapped: {
    size: 4,
    field:
      (offset: number): Field =>
      (frame) =>
        f32be(0)(wordsSwapped(frame, offset)),
  },
} as const;

export interface ModbusChannel extends Omit<Channel<unknown>, "raw" | "value"> {
  readonly register: number;
  readonly kind?: "holding" | "input";
  /** u16 when missing. */
  readonly type?: keyof typeof FIELDS;
  /** What one step of the raw number is worth, in the unit; 1 when missing. */
  readonly scale?: number;
  /** Instead of `scale`. */
  readonly value?: (raw: number) => ChannelValue;
}

export interface ModbusDefinition<O extends OptionSpecs> extends Described<O> {
  /** Units that the part may have, the factory's first. */
  readonly addresses: readonly number[];
  readonly channels: readonly ModbusChannel[];
}

export type ModbusDriver<O extends OptionSpecs> = PolledDriver<"serial", ModbusDevice, O, undefined, undefined>;

/** A driver of a Modbus RTU part from its register map: neighbouring registers are read in one request. */
export function modbusDriver<const O extends OptionSpecs = Record<never, never>>(
  definition: ModbusDefinition<O>,
): ModbusDriver<O> {
  const { channels, addresses, name, ...described } = definition;
  const groups = requestsFor(channels);
  const wiring = {
    kind: "serial" as const,
    addresses,
    device: (grip: Grip<SerialPort>, { address = addresses[0]! }) => modbusDevice(grip, address),
    place: ({ address = addresses[0]! }: DeviceSettings) => address,
    check({ address }: { address?: number }) {
      // MODBUS over Serial Line V1.02, 2.2: 0 is the broadcast, 248 to 255 are reserved.
      if (address === undefined || (Number.isInteger(address) && address >= 1 && address <= 247)) return;
      throw new RangeError(`${name}: expected a Modbus unit from 1 to 247, got ${address}`);
    },
  };
  return polledDriver<"serial", ModbusDevice, O, undefined, undefined>(wiring, {
    name,
    ...described,
    read: groups.map(
      ({ kind, first, count }) =>
        (device) =>
          device.readRegisters(kind, first, count),
    ),
    channels: channels.map((channel) => ({
      sensor: channel.sensor,
      unit: channel.unit,
      range: channel.range,
      raw: FIELDS[channel.type ?? "u16"].field(offsetOf(channel, groups)),
      value: channel.value ?? ((raw) => raw * (channel.scale ?? 1)),
    })),
  });
}

export function modbusDevice(grip: Grip<SerialPort>, unit: number): ModbusDevice {
  const port = serialDevice(grip);
  const request = (pdu: readonly number[], dataBytes?: number) =>
    port.ask(modbusFrame([unit, ...pdu]), modbusFramer(unit, pdu[0]!, dataBytes), { silenceBefore, silenceAfter });
  return {
    ...port,
    unit,
    async readRegisters(kind, first, count) {
      const code = kind === "holding" ? 3 : 4;
      const answer = accepted(await request([code, ...word(first), ...word(count)], 2 * count));
      return answer.subarray(3, 3 + 2 * count);
    },
    async writeRegister(register, value) {
      accepted(await request([6, ...word(register), ...word(value)]));
    },
  };
}

/** MODBUS over Serial Line V1.02, 2.5.1.1: 3.5 characters of 11 bits, and 1.75 ms above 19200 baud; in ms. */
export const silenceBefore = ({ baudRate }: SerialSettings): number =>
  baudRate > 19_200 ? 1.75 : (3.5 * 11 * 1000) / baudRate;

/** The same ends an answer, but adapters hand bytes on in lumps, 16 ms apart with FTDI's, and busy machines late. */
const silenceAfter = (settings: SerialSettings): number => silenceBefore(settings) + 200;

/** A message with its checksum, low byte first. */
export function modbusFrame(body: readonly number[]): Uint8Array {
  const crc = modbusCrc(body);
  return Uint8Array.from([...body, crc & 0xff, crc >> 8]);
}

/**
 * Finds the answer of a unit to a function (or its exception) by length and CRC, whatever else is on the line: noise, or what
 * was sent, which some adapters echo. `dataBytes` are those that were asked for, when they are known.
 */
export function modbusFramer(unit: number, code: number, dataBytes?: number): Framer {
  return packetFramer({
    start: [unit],
    length: (packet) => {
      if (packet.length < 2) return undefined;
      if (packet[1] === (code | 0x80)) return 5;
      if (packet[1] !== code) return 0;
      if (code >= 5) return 8;
      if (packet.length < 3) return undefined;
      return dataBytes === undefined || packet[2] === dataBytes ? 5 + packet[2]! : 0;
    },
    check: (packet) => modbusCrc(packet) === 0,
  });
}

/** MODBUS Application Protocol V1.1b3, section 7. */
const EXCEPTIONS: Readonly<Record<number, string>> = {
  1: "it does not know the function",
  2: "it has no such register",
  3: "it does not accept the value",
  4: "it failed",
  5: "it needs more time",
  6: "it is busy",
};

function accepted(answer: Uint8Array): Uint8Array {
  if (answer[1]! < 0x80) return answer;
  const code = answer[2]!;
  throw new BusError("nack", `unit ${answer[0]} refused: ${EXCEPTIONS[code] ?? "unknown reason"} (exception ${code})`);
}

interface RegisterRequest {
  readonly kind: "holding" | "input";
  readonly first: number;
  readonly count: number;
}

/** Registers that touch are read together; the bytes of all requests are the frame, one behind the other. */
function requestsFor(channels: readonly ModbusChannel[]): RegisterRequest[] {
  const requests: { kind: "holding" | "input"; first: number; count: number }[] = [];
  const ordered = [...channels].sort((a, b) => kindOf(a).localeCompare(kindOf(b)) || a.register - b.register);
  for (const channel of ordered) {
    const kind = kindOf(channel);
    const end = channel.register + sizeOf(channel) / 2;
    const last = requests.at(-1);
    if (last?.kind === kind && channel.register <= last.first + last.count) {
      last.count = Math.max(last.count, end - last.first);
    } else requests.push({ kind, first: channel.register, count: end - channel.register });
  }
  return requests;
}

function offsetOf(channel: ModbusChannel, requests: readonly RegisterRequest[]): number {
  let offset = 0;
  for (const { kind, first, count } of requests) {
    const within = channel.register - first;
    if (kind === kindOf(channel) && within >= 0 && within < count) return offset + 2 * within;
    offset += 2 * count;
  }
  throw new RangeError(`register ${channel.register} is in no request`);
}

const kindOf = ({ kind = "holding" }: ModbusChannel) => kind;
const sizeOf = ({ type = "u16" }: ModbusChannel) => FIELDS[type].size;
const word = (value: number): number[] => [(value >> 8) & 0xff, value & 0xff];

function f32be(offset: number): Field {
  const bits = u32be(offset);
  return (frame) => new Float32Array(Uint32Array.of(bits(frame)).buffer)[0]!;
}

function wordsSwapped(frame: Uint8Array, offset: number): Uint8Array {
  return Uint8Array.of(frame[offset + 2]!, frame[offset + 3]!, frame[offset]!, frame[offset + 1]!);
}
