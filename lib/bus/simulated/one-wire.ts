import type { OneWireBus } from "../contract";
import { BusError } from "../error";
import type { Places } from "./bus";

export function oneWireTransport(places: Places<"oneWire">): OneWireBus {
  const partAt = (rom: string) => {
    places.check();
    const part = places.at(rom);
    if (!part) throw new BusError("nack", `no device ${rom} on the bus`);
    return part;
  };
  return {
    async search(family) {
      places.check();
      const roms = places.all().flatMap(([rom, part]) => (part.isPresent ? [String(rom)] : []));
      return roms.filter((rom) => family === undefined || rom.startsWith(`${family}-`)).sort();
    },
    async convert(rom, ms) {
      const part = partAt(rom);
      part.use(() => undefined);
      await places.clock.wait(ms);
      part.use((model) => model.convert());
    },
    async readScratchpad(rom) {
      const part = partAt(rom);
      return part.heard(part.use((model) => model.scratchpad()));
    },
    async writeScratchpad(rom, bytes) {
      partAt(rom).use((model) => model.write(bytes));
    },
    async close() {},
  };
}
