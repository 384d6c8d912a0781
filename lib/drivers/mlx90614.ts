import {
  BadData,
  bad,
  type Channel,
  type ChannelValue,
  choiceOption,
  type Field,
  type I2cDevice,
  i2cDriver,
  smbusPec,
  u16le,
} from "./core";

/** "RAM": addresses of the linearized temperatures. */
const REGISTER = { ambient: 0x06, object: 0x07, object2: 0x08 } as const;
/** "Commands": an object temperature goes from 0x27AD to 0x7FFF. */
const OBJECT_RANGE = [-70.01, 382.19] as const;

/** Headings are those of Melexis' MLX90614 datasheet, 3901090614 revision 9. */
export const mlx90614 = i2cDriver({
  name: "MLX90614",
  maker: "Melexis",
  measures: "temperature of a surface by infrared",
  datasheet: "Melexis MLX90614, 3901090614 revision 9",
  addresses: [0x5a], // "Commands", EEPROM: as delivered; another one can be stored in the part
  options: {
    zones: choiceOption("Zones", { single: "One (MLX90614xAx)", dual: "Two (MLX90614xBx)" }),
  },
  read: async (device, { options }) => {
    const { ambient, object, object2 } = REGISTER;
    const registers = options.zones === "dual" ? [ambient, object, object2] : [ambient, object];
    const frame: number[] = [];
    for (const register of registers) frame.push(...(await transaction(device, register)));
    return Uint8Array.from(frame);
  },
  channels: ({ zones }) => [
    thermometer("temperature.object", 1, OBJECT_RANGE),
    ...(zones === "dual" ? [thermometer("temperature.object2", 2, OBJECT_RANGE)] : []),
    thermometer("temperature.ambient", 0, [-40, 125]),
  ],
});

/** All six bytes of an SMBus "Read Word", addresses included: its packet error code is about all of them. */
async function transaction(device: I2cDevice, register: number): Promise<number[]> {
  const answer = await device.transfer([register], 3);
  return [device.address << 1, register, (device.address << 1) | 1, ...answer];
}

/** @param index the place among the transactions */
function thermometer(sensor: string, index: number, range: readonly [number, number]): Channel<unknown> {
  return { sensor, unit: "Cel", raw: checkedWord(6 * index), value: celsius, range };
}

/** "SMBus data format": low byte, high byte, packet error code. */
function checkedWord(offset: number): Field {
  const word = u16le(offset + 3);
  return (frame) => {
    if (frame.length < offset + 6) throw new BadData(`incomplete: expected ${offset + 6} bytes, got ${frame.length}`);
    if (smbusPec(frame.subarray(offset, offset + 5)) !== frame[offset + 5]) throw new BadData("CRC error");
    return word(frame);
  };
}

/** "Commands": the top bit is an error flag. "Ambient temperature Ta": 0.02 K a step; 273.15 K are 13657.5 steps. */
function celsius(raw: number): ChannelValue {
  return raw & 0x8000 ? bad("the part reports an error") : (raw - 13657.5) / 50;
}
