import { ConfigError, type ConfigOf, defineNode, type NodeContext } from "../../../kit";
import type { SharedBus } from "../../../lib/bus";
import { type LineSignal, lineSignal, type Meaning, PULSE_PRESETS, PulseCounter, WIRINGS } from "../../../lib/gpio";
import { checkDeviceId } from "../../../lib/reading";
import { ensureLine, type LinePart } from "../../../lib/sensing";
import type { BusService } from "../bus/service";
import { schema } from "./schema";
import { LineWatch } from "./watch";

/** What is plugged into a simulated chip for a line that nobody described. */
const SIMULATED: Readonly<Record<Config["signal"], LinePart>> = {
  state: "contact",
  motion: "detector",
  pulses: "pulses",
};

export default defineNode(schema, (context) => {
  const { config } = context;
  const service = context.use<BusService>("bus");
  if (service.kind !== "gpio") throw new ConfigError(`Chip: expected a bus of kind GPIO, got ${service.kind}`);
  const deviceId = deviceIdOf(context);
  const signal = signalOf(context, deviceId);
  const { activeLow, bias } = WIRINGS[config.wiring];
  const watch = new LineWatch(context, {
    bus: service.bus as unknown as SharedBus<"gpio">,
    deviceId,
    signal,
    line: config.line,
    input: { activeLow, bias, debounceMs: config.debounce },
  });
  return {
    async start() {
      await service.ready;
      if (service.simulation) ensureLine(service.simulation, config.line, SIMULATED[config.signal]);
      await watch.open();
    },
    input() {
      throw new Error("expected msg.command reset");
    },
    commands: {
      reset() {
        const counter = signal();
        if (!(counter instanceof PulseCounter)) throw new Error("only meters count");
        counter.reset();
        return undefined;
      },
    },
    close: () => watch.close(),
  };
});

type Config = ConfigOf<typeof schema>;
type Context = NodeContext<typeof schema>;

function deviceIdOf({ config, name }: Context): string {
  const given = config.deviceId.trim() || (name === schema.label || /[/+#]/.test(name) ? "" : name);
  return checkDeviceId(given || `line-${config.line}`);
}

/** What the line means; a meter's count is kept in the store when there is one, as changed whenever it is asked for. */
function signalOf(context: Context, deviceId: string): () => LineSignal {
  try {
    const series = context.perSeries<LineSignal>(() => lineSignal(meaningOf(context.config)));
    const signal = () => series.of({ deviceId, sensor: "line" });
    signal();
    return signal;
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error));
  }
}

function meaningOf(config: Config): Meaning {
  switch (config.signal) {
    case "state": {
      const duration = config.duration.trim();
      return { kind: "state", sensor: config.sensor.trim(), ...(duration === "" ? {} : { duration }) };
    }
    case "motion":
      return { kind: "motion", holdMs: config.hold * 1000, warmUpMs: config.warmUp * 1000 };
    case "pulses":
      return { kind: "pulses", everyMs: config.every * 1000, ...meterOf(config) };
  }
}

function meterOf({ meter, amount, unit, per, edges }: Config) {
  if (meter === "other") return { edges, per, pulse: { amount, unit: unit.trim() } };
  const { pulse, per: by, zeroAfterMs } = PULSE_PRESETS[meter];
  return { pulse, per: by, zeroAfterMs };
}
