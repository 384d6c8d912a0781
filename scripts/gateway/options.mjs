import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

const help = `npm start -- [options]

  --port N           editor and dashboard        (GATEWISE_PORT, 1880)
  --mqtt-port N      embedded MQTT broker        (GATEWISE_MQTT_PORT, 1883)
  --host ADDRESS     editor listens on           (GATEWISE_HOST, 127.0.0.1)
  --data DIR         flows, store, credentials   (GATEWISE_DATA, .gatewise)
  --flow FILE        flow to begin with          (flows/gateway.json)
  --reset            begin with the shipped flow again; the store is kept
  --no-devices       without simulated devices
  --time-scale N     simulated devices run N times as fast (1)

  --replay FILE.csv  publish a recording instead of simulated devices
  --device ID        its device id
  --speed N          N times real time, or "max" (60)
  --timestamp-column NAME, --timestamp-format FORMAT, --time-zone ZONE   detected when not given
  --keep-time        keep the recorded timestamps instead of shifting them to now
`;

/**
 * Reads the command line and the environment; ends the process with a reason when something in them is wrong.
 */
export function readOptions(args, env, root) {
  const given = parse(args);
  if (given.help) {
    console.log(help);
    process.exit(0);
  }
  const options = {
    port: port("--port", given.port ?? env.GATEWISE_PORT ?? "1880"),
    mqttPort: port("--mqtt-port", given["mqtt-port"] ?? env.GATEWISE_MQTT_PORT ?? "1883"),
    host: given.host ?? env.GATEWISE_HOST ?? "127.0.0.1",
    data: resolve(given.data ?? env.GATEWISE_DATA ?? join(root, ".gatewise")),
    flow: resolve(given.flow ?? join(root, "flows/gateway.json")),
    reset: given.reset ?? false,
    devices: !given["no-devices"],
    timeScale: given["time-scale"],
    replay: replayOf(given),
  };
  if (options.port === options.mqttPort) fail("--port and --mqtt-port must differ");
  if (!existsSync(options.flow)) fail(`--flow: ${options.flow} does not exist`);
  return options;
}

function parse(args) {
  const text = { type: "string" };
  const flag = { type: "boolean" };
  try {
    return parseArgs({
      args,
      options: {
        help: flag,
        port: text,
        "mqtt-port": text,
        host: text,
        data: text,
        flow: text,
        reset: flag,
        "no-devices": flag,
        "time-scale": text,
        replay: text,
        device: text,
        speed: text,
        "timestamp-column": text,
        "timestamp-format": text,
        "time-zone": text,
        "keep-time": flag,
      },
    }).values;
  } catch (error) {
    return fail(`${error.message}\n\n${help}`);
  }
}

function port(name, value) {
  const number = Number(value);
  return Number.isInteger(number) && number > 0 && number < 65_536
    ? number
    : fail(`${name}: expected a port from 1 to 65535, got "${value}"`);
}

/** The arguments of the replay command, which judges the rest of them itself. */
function replayOf(given) {
  if (given.replay === undefined) {
    return given.device === undefined ? undefined : fail("--device belongs to --replay FILE.csv");
  }
  const file = resolve(given.replay);
  if (!existsSync(file)) fail(`--replay: ${file} does not exist`);
  if (given.device === undefined) fail("--replay needs --device ID");
  const passed = ["speed", "timestamp-column", "timestamp-format", "time-zone"].flatMap((name) =>
    given[name] === undefined ? [] : [`--${name}`, given[name]],
  );
  return [file, "--device", given.device, ...passed, ...(given["keep-time"] ? ["--keep-time"] : [])];
}

function fail(message) {
  console.error(`start: ${message}`);
  process.exit(2);
}
