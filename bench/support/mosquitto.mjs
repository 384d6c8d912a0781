import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

/** A port that nothing listens at. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** A mosquitto of our own; `config` is added to its configuration. */
export async function startMosquitto(config = "") {
  const dir = mkdtempSync(join(tmpdir(), "gatewise-bench-"));
  const port = await freePort();
  const file = join(dir, "mosquitto.conf");
  const head = [
    `user ${userInfo().username}`,
    `listener ${port} 127.0.0.1`,
    "allow_anonymous true",
    "log_type error",
    "sys_interval 1",
  ];
  writeFileSync(file, [...head, config, ""].join("\n"));
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin` };
  const child = spawn("mosquitto", ["-c", file], { env, stdio: ["ignore", "ignore", "pipe"] });
  let complaints = "";
  child.stderr.on("data", (chunk) => {
    complaints = (complaints + chunk).slice(-2000);
  });
  // An interrupted bench must not leave a broker behind.
  process.once("exit", () => child.kill());
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
  await new Promise((resolve, reject) => {
    child.on("error", () => reject(new Error("needs mosquitto (apt-get install mosquitto)")));
    child.on("exit", (code) => reject(new Error(`mosquitto ended with ${code}: ${complaints}`)));
    untilListening(port).then(resolve, reject);
  });
  return {
    port,
    /** CPU seconds used so far. */
    cpuSeconds: () => cpuSecondsOf(child.pid),
    async stop() {
      child.removeAllListeners("exit");
      const ended = once(child, "exit");
      child.kill();
      await ended;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** User and system time of another process, Linux only; 0 elsewhere. */
function cpuSecondsOf(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
    // proc(5): utime and stime are fields 14 and 15, in clock ticks of 10 ms.
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}

async function untilListening(port) {
  for (let attempt = 0; attempt < 500; attempt += 1) {
    const listens = await new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.destroy();
        resolve(true);
      });
      socket.on("error", () => resolve(false));
    });
    if (listens) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("mosquitto does not listen");
}
