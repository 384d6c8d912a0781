import type { SpiBus } from "../contract";
import type { Places } from "./bus";

export function spiTransport(places: Places<"spi">): SpiBus {
  return {
    async transfer(bytes, { chipSelect }) {
      places.check();
      const part = places.at(chipSelect);
      // Nobody acknowledges on SPI: a chip that is not there leaves the line as its pull-up has it.
      if (!part?.isPresent) return new Uint8Array(bytes.length).fill(0xff);
      return part.heard(part.use((model) => model.exchange(bytes)));
    },
    async close() {},
  };
}
