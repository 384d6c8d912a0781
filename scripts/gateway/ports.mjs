import { createServer } from "node:net";

/** Ends the process with what to do when a port that the gateway needs is taken. */
export async function requireFreePorts(options) {
  const needed = [
    { port: options.port, host: options.host, what: "the editor", option: "--port", variable: "GATEWISE_PORT" },
    {
      port: options.mqttPort,
      host: "127.0.0.1",
      what: "the MQTT broker",
      option: "--mqtt-port",
      variable: "GATEWISE_MQTT_PORT",
    },
  ];
  const problems = [];
  for (const { port, host, what, option, variable } of needed) {
    const code = await listenError(port, host);
    if (code === "EADDRINUSE") {
      problems.push(
        `port ${port} for ${what} is in use by another program: choose one with ${option} N or ${variable}=N`,
      );
    } else if (code) {
      problems.push(
        `${what} cannot listen on ${host}:${port} (${code}): choose another with ${option} N or ${variable}=N`,
      );
    }
  }
  if (problems.length === 0) return;
  for (const problem of problems) console.error(`start: ${problem}`);
  process.exit(1);
}

/** The error code of listening there for a moment, or undefined. */
function listenError(port, host) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error) => resolve(error.code ?? error.message));
    server.listen(port, host, () => server.close(() => resolve(undefined)));
  });
}
