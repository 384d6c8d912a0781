import { type BusKind, SharedBus, type Transports } from "../../lib/bus";
import type { SimulatedBus } from "../../lib/bus/simulated";

/** Bytes as "1F A0". */
export const hexText = (bytes: Iterable<number>): string =>
  [...bytes].map((byte) => byte.toString(16).toUpperCase().padStart(2, "0")).join(" ");

/**
 * A simulated bus that writes down what is sent: bytes written on I2C and SPI, "7=1" for a GPIO line that is set high.
 * `times` has the clock's time of each entry, ms.
 */
export function recordedBus<K extends "i2c" | "spi" | "gpio">(bus: SimulatedBus<K>) {
  const log: string[] = [];
  const times: number[] = [];
  const note = (entry: string) => {
    log.push(entry);
    times.push(bus.clock.now());
  };
  const open = async () => wrapped(bus.kind, await bus.open(), note);
  return { log, times, shared: new SharedBus({ kind: bus.kind, key: "recorded", clock: bus.clock, open }) };
}

function wrapped<K extends BusKind>(kind: K, transport: Transports[K], note: (entry: string) => void): Transports[K] {
  if (kind === "gpio") return noted(transport as Transports["gpio"], note) as Transports[K];
  const { transfer } = transport as { transfer(...args: readonly unknown[]): Promise<Uint8Array> };
  return {
    ...transport,
    transfer: (...args: readonly unknown[]) => {
      const bytes = args.find((one) => one instanceof Uint8Array);
      if (bytes && bytes.length > 0) note(hexText(bytes));
      return transfer(...args);
    },
  };
}

function noted(chip: Transports["gpio"], note: (entry: string) => void): Transports["gpio"] {
  return {
    ...chip,
    async output(line, options) {
      const output = await chip.output(line, options);
      const level = (value: boolean) => (value === (options.activeLow ?? false) ? 0 : 1);
      note(`${line}=${level(options.initial)}`);
      return {
        async set(value) {
          await output.set(value);
          note(`${line}=${level(value)}`);
        },
        async close() {
          await output.close();
          note(`${line} free`);
        },
      };
    },
  };
}
