import { daily, i2cModel, rawOf } from "../bus/simulated";

const CONVERSION_MS = [30, 65, 130, 250];

export const mcp9808Model = i2cModel({
  quantities: { temperature: { unit: "Cel", curve: daily(20, 5), noise: 0.02 } },
  create: (world) => {
    const { clock } = world;
    let pointer = 0;
    let resolution = 3;
    let isShutDown = false;
    let since = clock.now();
    let last = 0;
    /** 5.1.3, two's complement in 13 bit; above it what the limits, which are 0 °C at first, say of it. */
    const ambient = () => {
      const step = CONVERSION_MS[resolution]!;
      const done = Math.floor((clock.now() - since) / step);
      if (done < 1 || isShutDown) return last;
      const coarse = 8 >> resolution;
      const sixteenths = Math.floor((world.value("temperature", since + done * step) * 16) / coarse) * coarse;
      const flags = sixteenths > 0 ? 0b110 : sixteenths < 0 ? 0b001 : 0b100;
      last = (flags << 13) | rawOf(sixteenths, 13, "signed");
      return last;
    };
    const read = (): number => {
      switch (pointer) {
        case 0x05:
          return ambient();
        case 0x06:
          return 0x0054;
        case 0x07:
          return 0x0400;
        case 0x08:
          return resolution << 8;
        default:
          return 0;
      }
    };
    return {
      write([register, high]) {
        if (register === undefined) return;
        pointer = register & 0x0f;
        if (high === undefined) return;
        if (pointer === 0x01) {
          ambient();
          isShutDown = (high & 1) === 1;
          since = clock.now();
        }
        if (pointer === 0x08) {
          resolution = high & 3;
          since = clock.now();
        }
      },
      read: (length) => Uint8Array.from({ length }, (_, index) => (index === 0 ? read() >> 8 : read() & 0xff)),
    };
  },
});
