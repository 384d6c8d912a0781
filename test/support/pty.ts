import { spawn } from "node:child_process";

/** The other end of a pseudo-terminal: a device on a serial line. */
export interface Pty {
  /** What is opened as serial port: /dev/pts/7. */
  readonly path: string;
  /** Says something to who has opened the port. */
  say(bytes: Uint8Array): void;
  onHeard(listener: (bytes: Uint8Array) => void): void;
  /** Pulls the plug. */
  unplug(): Promise<void>;
}

/** Opens a pseudo-terminal by `script` of util-linux, whose command leaves the terminal to us. */
export async function openPty(): Promise<Pty> {
  const command = "stty raw -echo; tty; exec sleep 600";
  const script = spawn("script", ["-qfc", command, "/dev/null"], { stdio: ["pipe", "pipe", "inherit"] });
  const closed = new Promise<void>((resolve) => script.once("close", () => resolve()));
  const listeners = new Set<(bytes: Uint8Array) => void>();
  const path = await new Promise<string>((resolve, reject) => {
    let text = "";
    const collect = (bytes: Buffer) => {
      text += bytes.toString();
      const found = /\/dev\/pts\/\d+/.exec(text);
      if (!found || !text.endsWith("\n")) return;
      script.stdout.off("data", collect);
      resolve(found[0]);
    };
    script.stdout.on("data", collect);
    script.once("error", reject);
  });
  script.stdout.on("data", (bytes: Buffer) => {
    for (const listener of listeners) listener(Uint8Array.from(bytes));
  });
  script.stdin.on("error", () => {});
  return {
    path,
    say: (bytes) => void script.stdin.write(bytes),
    onHeard: (listener) => void listeners.add(listener),
    unplug: async () => {
      script.kill("SIGKILL");
      await closed;
    },
  };
}
