#!/usr/bin/env node
/** The command line: each command is a module of its own, loaded when it is called. */
type Command = (args: readonly string[]) => Promise<number>;

const COMMANDS: Readonly<Record<string, { readonly summary: string; readonly load: () => Promise<Command> }>> = {
  train: {
    summary: "fits a model on a CSV file: remaining life, classes, anomalies",
    load: async () => (await import("./train.js")).train,
  },
  model: {
    summary: "imports, lists, verifies, exports and removes models of the model store; shows its keys",
    load: async () => (await import("./model.js")).model,
  },
};

function usage(): string {
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  gatewise ${name.padEnd(8)} ${summary}`);
  return ["Usage:", ...lines].join("\n");
}

async function main([name, ...args]: readonly string[]): Promise<number> {
  const command = Object.hasOwn(COMMANDS, name ?? "") ? COMMANDS[name as string] : undefined;
  if (!command) {
    console.error(usage());
    return name === undefined || name === "help" || name === "--help" ? 0 : 2;
  }
  return (await command.load())(args);
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(`gatewise: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  },
);
