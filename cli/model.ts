import { readFile, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { makeFolder } from "../lib/files";
import { isBundle, Models, packBundle, unpackBundle } from "../lib/inference";
import { weightFiles } from "../lib/inference/backends/tfjs-artifacts";
import { recognise } from "../lib/inference/formats";
import { ModelError, type StoredModel } from "../lib/model/contract";
import { type PublicKey, publicKey } from "../lib/model/store";

const USAGE = `Usage:
  gatewise model list
  gatewise model import FILE --name NAME [--version V] [--sensors a,b] [--rows N] [--result SENSOR] [--unit U]
                        [--labels x,y] [--about FILE.json]
  gatewise model export NAME --out FILE.gwmodel
  gatewise model verify [NAME]
  gatewise model activate NAME SEQ
  gatewise model retry NAME        has Node-RED load the current version again where another one runs in its place
  gatewise model remove NAME
  gatewise model keys

  --store DIR     the models' folder; ~/.node-red/gatewise/models by default
  --trust KEY     a public key (base64, or a file with a PEM block) whose models are taken; may be given again
  --runtime NAME  auto (default), onnxruntime-node, onnxruntime-web, tfjs-wasm, tfjs-cpu or tfjs-node
`;

const OPTIONS = {
  store: { type: "string", default: join(homedir(), ".node-red", "gatewise", "models") },
  trust: { type: "string", multiple: true },
  runtime: { type: "string", default: "auto" },
  name: { type: "string" },
  version: { type: "string" },
  sensors: { type: "string" },
  rows: { type: "string", default: "1" },
  result: { type: "string" },
  unit: { type: "string" },
  labels: { type: "string" },
  about: { type: "string" },
  out: { type: "string" },
  help: { type: "boolean" },
} as const;

/** What was asked for cannot be understood; the usage helps. */
class UsageError extends Error {}

type Options = ReturnType<typeof parse>["values"];
type Action = (models: Models, args: readonly string[], options: Options) => Promise<void>;

const ACTIONS: Readonly<Record<string, Action>> = {
  list: listModels,
  import: importFile,
  export: exportModel,
  verify: verifyModels,
  activate: activateVersion,
  retry: retryCurrent,
  remove: removeModel,
  keys: showKeys,
};

/** A public key in base64url that begins with a dash, as one in 64 does. */
const KEY_WITH_DASH = /^-[\w-]{42}$/;

function parse(args: readonly string[]) {
  return parseArgs({ args: withKeys(args), options: OPTIONS, allowPositionals: true });
}

/** Joins such keys to their option: by itself one would be taken for an option. */
function withKeys(args: readonly string[]): string[] {
  const isKey = (at: number): boolean => args[at - 1] === "--trust" && KEY_WITH_DASH.test(args[at] ?? "");
  return args.flatMap((arg, at) => (isKey(at) ? [] : isKey(at + 1) ? [`${arg}=${args[at + 1]}`] : [arg]));
}

/** `gatewise model …`: the model store from the command line, also while the gateway runs. @returns the exit code */
export async function model(args: readonly string[]): Promise<number> {
  try {
    const { values, positionals } = parse(args);
    const [name = "", ...rest] = positionals;
    if (values.help || name === "help") {
      console.log(USAGE);
      return 0;
    }
    const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
    if (action) return await run(action, rest, values);
    console.error(USAGE);
    return name === "" ? 0 : 2;
  } catch (error) {
    const { message, code } = error as { message: string; code?: string };
    if (!(error instanceof UsageError || code?.startsWith("ERR_PARSE_ARGS"))) throw error;
    console.error(`gatewise model: ${message}`);
    console.error("gatewise model --help tells the options");
    return 2;
  }
}

async function run(action: Action, rest: readonly string[], values: Options): Promise<number> {
  const folder = resolve(values.store);
  const models = new Models(
    { folder, trusted: await trustedKeys(values.trust ?? []), onWarning: (warning) => console.error(warning) },
    { runtime: runtimeOf(values.runtime), userDir: dirname(dirname(folder)) },
  );
  try {
    await action(models, rest, values);
    return 0;
  } finally {
    await models.close();
  }
}

const RUNTIMES = ["auto", "onnxruntime-node", "onnxruntime-web", "tfjs-wasm", "tfjs-cpu", "tfjs-node"] as const;

function runtimeOf(name: string): (typeof RUNTIMES)[number] {
  const found = RUNTIMES.find((runtime) => runtime === name);
  if (found) return found;
  throw new UsageError(`--runtime: expected one of ${RUNTIMES.join(", ")}, got ${name}`);
}

async function trustedKeys(texts: readonly string[]): Promise<PublicKey[]> {
  return Promise.all(
    texts.map(async (text) => {
      const isFile = await stat(text).then(
        (found) => found.isFile(),
        () => false,
      );
      return publicKey(isFile ? await readFile(text, "utf8") : text, isFile ? basename(text) : "--trust");
    }),
  );
}

function lineOf({ manifest, signedBy }: StoredModel): string {
  const { name, version, seq, format, files, preprocess, outputs } = manifest;
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const from = preprocess ? preprocess.sensors.join(",") : "tensors";
  const to = outputs.map((output) => output.sensor ?? output.name).join(",");
  return `${name}  ${version}  #${seq}  ${format}  ${bytes} B  ${from} -> ${to}  signed by ${signedBy.join(", ")}`;
}

async function listModels(models: Models): Promise<void> {
  const { models: found, problems } = await models.inspect();
  for (const each of found) console.log(lineOf(each) + (await ranLast(models, each)));
  for (const { name, reason } of problems) console.log(`${name}  CANNOT BE USED: ${reason}`);
  if (found.length + problems.length === 0) console.log(`no models in ${models.folder}`);
}

/** What a gateway uses may be another version than the current one, which is not loaded yet or does not load. */
async function ranLast(models: Models, { manifest: { name, seq } }: StoredModel): Promise<string> {
  const ran = await models.lastRun(name);
  return ran === undefined || ran === seq ? "" : `  ran last: #${ran}`;
}

async function importFile(models: Models, [file]: readonly string[], options: Options): Promise<void> {
  if (file === undefined) throw new UsageError("import: expected a file");
  const data = await readFile(file);
  const bundle = isBundle(data)
    ? unpackBundle(data)
    : { about: await aboutOf(file, options), files: await filesOf(file, data) };
  console.log(lineOf(await models.import(bundle)));
}

/** The file, and the weights that a TensorFlow.js model.json names, from beside it. */
async function filesOf(file: string, data: Buffer): Promise<Map<string, Uint8Array>> {
  const name = plain(basename(file));
  const files = new Map<string, Uint8Array>([[name, data]]);
  if (!recognise(files).format.startsWith("tfjs")) return files;
  for (const weights of weightFiles(data)) {
    // Only names: what a file says is no path into this machine.
    const part = basename(weights);
    files.set(part, await readFile(join(dirname(file), part)));
  }
  return files;
}

function wholeNumber(what: string, text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new UsageError(`${what}: expected a whole number from 1, got ${text}`);
}

function plain(name: string): string {
  return name.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "");
}

async function aboutOf(file: string, options: Options): Promise<Record<string, unknown>> {
  const { name, version, sensors, rows, result, unit, labels, about } = options;
  const written = about === undefined ? {} : (JSON.parse(await readFile(about, "utf8")) as Record<string, unknown>);
  const list = (text: string): string[] => text.split(",").flatMap((part) => part.trim() || []);
  return {
    name: plain(basename(file).replace(/\.[^.]*$/, "")),
    ...written,
    ...(name === undefined ? {} : { name }),
    ...(version === undefined ? {} : { version }),
    ...(sensors === undefined
      ? {}
      : { preprocess: { kind: "window", sensors: list(sensors), length: wholeNumber("--rows", rows) } }),
    ...(labels === undefined ? {} : { labels: list(labels) }),
    ...(result === undefined && unit === undefined ? {} : { outputs: [{ sensor: result, unit }] }),
  };
}

async function exportModel(models: Models, [name]: readonly string[], { out }: Options): Promise<void> {
  if (name === undefined || out === undefined)
    throw new UsageError("export: expected a model's name and --out FILE.gwmodel");
  const found = await models.get(name);
  await makeFolder(dirname(resolve(out)));
  await writeFile(out, packBundle({ manifest: await models.signed(found), files: await models.read(found) }));
  console.log(`${out}: ${lineOf(found)}`);
}

/** Signatures, and the hashes of every file. */
async function verifyModels(models: Models, [name]: readonly string[]): Promise<void> {
  const { models: found, problems } = await models.inspect();
  const reasons = problems.map((problem) => `${problem.name}: ${problem.reason}`);
  const chosen = found.filter(({ manifest }) => name === undefined || manifest.name === name);
  for (const each of chosen) {
    await models.read(each).then(
      () => console.log(`${each.manifest.name} #${each.manifest.seq}: good`),
      (error: Error) => reasons.push(`${each.manifest.name}: ${error.message}`),
    );
  }
  if (name !== undefined && chosen.length === 0) await models.get(name);
  if (reasons.length > 0) throw new ModelError(reasons.join("\n"));
}

async function activateVersion(models: Models, [name, seq]: readonly string[]): Promise<void> {
  if (name === undefined || seq === undefined) throw new UsageError("activate: expected a model's name and a number");
  const number = wholeNumber("activate: the version's number, as list tells it behind #", seq.replace(/^#/, ""));
  console.log(lineOf(await models.activate(name, number, { allowRollback: true })));
}

async function retryCurrent(models: Models, [name]: readonly string[]): Promise<void> {
  if (name === undefined) throw new UsageError("retry: expected a model's name");
  await models.askAgain(name);
  console.log(
    `${name}: Node-RED tries ${lineOf(await models.get(name))} within seconds; its nodes tell what comes of it`,
  );
}

async function removeModel(models: Models, [name]: readonly string[]): Promise<void> {
  if (name === undefined) throw new UsageError("remove: expected a model's name");
  await models.remove(name);
  console.log(`${name}: removed`);
}

async function showKeys(models: Models): Promise<void> {
  const { kid, text } = await models.ownKey();
  console.log(`${kid}  ${text}  this gateway`);
  for (const key of models.trusted) console.log(`${key.kid}  ${key.text}  ${key.name}`);
}
