import type { I2cBus } from "../contract";
import { BusError } from "../error";
import type { Places } from "./bus";

export function i2cTransport(places: Places<"i2c">): I2cBus {
  return {
    async transfer(address, write, readLength) {
      places.check();
      const part = places.at(address);
      if (!part) throw new BusError("nack", `no device answers at 0x${address.toString(16)}`);
      return part.use((model) => {
        if (write.length > 0 || readLength === 0) model.write(write);
        return readLength === 0 ? new Uint8Array(0) : part.heard(model.read(readLength));
      });
    },
    async close() {},
  };
}
