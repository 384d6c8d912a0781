import { VirtualClock } from "../../bus";
import { type ModelDefinition, type PlugOptions, SimulatedBus, type SimulatedPart } from "../../bus/simulated";
import type { DeviceSettings, SensorDriver } from "./contract";
import type { ChannelReading } from "./values";

/** A driver and its model on a simulated I2C bus, for tests. Time passes only as it is waited for. */
export interface Rig {
  readonly clock: VirtualClock;
  readonly part: SimulatedPart<"i2c">;
  /** What was written to the part so far, in hexadecimal. */
  readonly written: readonly string[];
  read(): Promise<ChannelReading[]>;
  /** Lets time pass without a read. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** @param values what the model measures @param settings the address, the driver's first when missing, and options */
export function rig(
  driver: SensorDriver<"i2c">,
  model: ModelDefinition<"i2c">,
  values: PlugOptions["values"] = {},
  settings: DeviceSettings = {},
): Rig {
  const clock = new VirtualClock(Date.UTC(2026, 5, 1, 12));
  const bus = new SimulatedBus("i2c", clock);
  const { address = driver.addresses[0]!, options } = settings;
  const written: string[] = [];
  const part = bus.plug(overheard(model, written), { address, options, values });
  const session = driver.connect(bus.shared(), { address, options });
  return {
    clock,
    part,
    written,
    read: () => clock.run(session.read()),
    pass: (ms) => clock.advance(ms),
    close: () => clock.run(session.close()),
  };
}

/** The same part, with what is written to it noted. */
function overheard(model: ModelDefinition<"i2c">, written: string[]): ModelDefinition<"i2c"> {
  return {
    ...model,
    create(world, placement) {
      const part = model.create(world, placement);
      const write = part.write.bind(part);
      part.write = (bytes) => {
        written.push(Buffer.from(bytes).toString("hex").toUpperCase());
        write(bytes);
      };
      return part;
    },
  };
}
