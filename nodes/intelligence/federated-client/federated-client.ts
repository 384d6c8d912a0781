import { ConfigError, defineNode, type NodeContext } from "../../../kit";
import { byName } from "../../../lib/federated/by-name";
import { DeviceRows } from "../../../lib/federated/device-rows";
import type { BrokerService } from "../../../lib/mqtt/contract";
import type { Reading } from "../../../lib/reading";
import { checkDeviceId, describe } from "../../../lib/reading/check";
import { RowWatch } from "../../../lib/rows";
import type { StoreService } from "../../../lib/store/contract";
import type { FederatedClient } from "./client";
import { schema } from "./schema";

export type ClientContext = NodeContext<typeof schema>;

export default defineNode(schema, (context) => {
  const { config, metrics } = context;
  const broker = context.use<BrokerService>("broker");
  const store = context.useIf<StoreService>("store");
  const columns = columnsOf(config.sensors, config.target);
  const name = nameOf(config.client.trim() || broker.identity);
  const watch = new RowWatch(context);
  let client: FederatedClient | undefined;
  const expectedUnit = (sensor: string) => client?.expectedUnit(sensor);
  const options = { hold: config.hold * 1000, expectedUnit, observer: watch };
  const rows = context.perSeries(() => new DeviceRows(columns.inputs, columns.target, options));
  const forgetOpenRows = (): void => {
    rows.clear();
    watch.forget();
  };

  const take = (reading: Reading, out: Reading[]): void => {
    const { inputs, all } = rows.ofKey(reading.deviceId).push(reading);
    if (all) client?.learn(all.values);
    if (inputs && config.predictions) client?.predict(inputs, reading, out);
  };

  return {
    async start() {
      const { openClient } = await import("./client.js");
      client = openClient(context, { name, broker, store, watch, onOtherUnits: forgetOpenRows, ...columns });
    },
    readings(batch, _msg, refuse) {
      const out: Reading[] = [];
      for (const reading of batch) {
        const isInput = columns.inputs.includes(reading.sensor);
        if (!isInput && reading.sensor !== columns.target) metrics.count("other sensors");
        else if (reading.quality === "bad") metrics.count("bad");
        else if (typeof reading.value === "string") refuse(reading, notANumber(reading));
        else {
          client?.noteUnit(reading);
          take(reading, out);
        }
      }
      client?.answer();
      return out;
    },
    commands: {
      reset() {
        forgetOpenRows();
        client?.forget();
        return undefined;
      },
    },
    close: () => client?.close(),
  };
});

function columnsOf(inputs: readonly string[], target: string): { inputs: readonly string[]; target: string } {
  const columns = { inputs: byName(inputs.map((sensor) => sensor.trim())), target: target.trim() };
  if (new Set([...columns.inputs, columns.target]).size <= columns.inputs.length) {
    throw new ConfigError("sensors: expected each one once, and the sensor to predict not among them");
  }
  return columns;
}

function nameOf(name: string): string {
  try {
    return checkDeviceId(name, "client");
  } catch (error) {
    throw new ConfigError(`${error instanceof Error ? error.message : error}: give this client a name`);
  }
}

function notANumber({ deviceId, sensor, value }: Reading): string {
  return `${deviceId}/${sensor}: expected a number or boolean, got ${describe(value)}`;
}
