import { ConfigError, type ConfigOf, defineNode } from "../../../kit";
import { type DeviceSettings, openSensor } from "../../../lib/drivers";
import { checkDeviceId } from "../../../lib/reading";
import { type Calibrations, connectionsOf, driverOptions, placeOf, placeText, withProbes } from "../../../lib/sensing";
import type { BusService } from "../bus/service";
import { Sampler } from "./sampler";
import { schema } from "./schema";

export default defineNode(schema, (context) => {
  const { config } = context;
  const service = context.use<BusService>("bus");
  const settings = checked(() => settingsOf(service, config));
  const connections = checked(() => connectionsOf(config.probes));
  const sampler = new Sampler(context, {
    clock: service.bus.clock,
    deviceId: checked(() => deviceIdOf(config, settings, context.name === schema.label ? "" : context.name, service)),
    calibrations: calibrationsOf(config),
  });
  return {
    async start() {
      await service.ready;
      const driver = config.driver.trim();
      const session = await openSensor(driver, service, settings).catch(asConfigError);
      sampler.begin(checked(() => withProbes(session, connections)));
    },
    input: (msg) => sampler.take(msg),
    commands: { read: () => sampler.read() },
    close: () => sampler.close(),
  };
});

type Config = ConfigOf<typeof schema>;

function settingsOf({ kind }: BusService, { place, options }: Config): DeviceSettings {
  return { ...placeOf(kind, place), options: driverOptions(options) };
}

/** The given one, else the node's name, else part and place, which differ for every part on a bus. */
function deviceIdOf(config: Config, settings: DeviceSettings, name: string, { kind }: BusService): string {
  if (config.deviceId.trim() !== "") return checkDeviceId(config.deviceId.trim());
  if (name !== "" && !/[/+#]/.test(name)) return checkDeviceId(name);
  return [config.driver.trim(), placeText(kind, settings)].filter((part) => part !== "").join("-");
}

function calibrationsOf({ calibration }: Config): Calibrations {
  return new Map(calibration.map(({ sensor, gain, offset }) => [sensor.trim(), { gain, offset }]));
}

function checked<R>(work: () => R): R {
  try {
    return work();
  } catch (error) {
    return asConfigError(error);
  }
}

function asConfigError(error: unknown): never {
  throw new ConfigError(error instanceof Error ? error.message : String(error));
}
