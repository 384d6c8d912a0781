import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ModelDefinition } from "../../bus/simulated";
import type { ActuatorDriver } from "./actuator";
import type { SensorDriver } from "./contract";

export type Driver = SensorDriver | ActuatorDriver;

export interface DriverEntry {
  /** The export's name: what flows call the driver. */
  readonly id: string;
  /** Its file, without ending. */
  readonly file: string;
  readonly driver: Driver;
  /** Its counterpart for simulations. */
  readonly model: ModelDefinition | undefined;
}

/**
 * The drivers in a folder, found by their files: `sht31.ts` exports `sht31`, and `sht31.model.ts` exports `sht31Model`. A file
 * is loaded when one of its drivers is asked for, or all are.
 */
export class DriverFolder {
  #files: Promise<readonly string[]> | undefined;
  readonly #loaded = new Map<string, Promise<readonly DriverEntry[]>>();

  constructor(private readonly folder: string) {}

  /** Every driver, by id. */
  async all(): Promise<readonly DriverEntry[]> {
    const files = await this.#list();
    const entries = await Promise.all(files.map((file) => this.#load(file)));
    return entries.flat().sort((a, b) => a.id.localeCompare(b.id));
  }

  /** @throws RangeError when there is none of this id */
  async find(id: string): Promise<DriverEntry> {
    const candidates = (await this.#list()).filter((file) => id.startsWith(camelCase(file)));
    for (const file of candidates) {
      const entry = (await this.#load(file)).find((one) => one.id === id);
      if (entry) return entry;
    }
    throw new RangeError(`there is no driver "${id}"`);
  }

  #list(): Promise<readonly string[]> {
    this.#files ??= readdir(this.folder).then((names) =>
      names.flatMap((name) => {
        // In the repo sources, in the package what they were compiled to, which may lie beside declarations.
        const file = /^([a-z0-9-]+)\.[jt]s$/.exec(name)?.[1];
        return file === undefined || file === "index" ? [] : [file];
      }),
    );
    return this.#files;
  }

  #load(file: string): Promise<readonly DriverEntry[]> {
    const loaded = this.#loaded.get(file) ?? this.#import(file);
    this.#loaded.set(file, loaded);
    return loaded;
  }

  async #import(file: string): Promise<readonly DriverEntry[]> {
    const names = await readdir(this.folder);
    const ending = names.includes(`${file}.js`) ? "js" : "ts";
    const exports = await importFile(join(this.folder, `${file}.${ending}`));
    const models = names.includes(`${file}.model.${ending}`)
      ? await importFile(join(this.folder, `${file}.model.${ending}`))
      : new Map<string, unknown>();
    return [...exports].flatMap(([id, value]) =>
      isDriver(value)
        ? [{ id, file, driver: value, model: models.get(`${id}Model`) as ModelDefinition | undefined }]
        : [],
    );
  }
}

async function importFile(path: string): Promise<ReadonlyMap<string, unknown>> {
  const module: Record<string, unknown> = await import(pathToFileURL(path).href);
  return new Map(Object.entries(module));
}

function isDriver(value: unknown): value is Driver {
  if (typeof value !== "object" || value === null || !("role" in value) || !("connect" in value)) return false;
  return value.role === "sensor" || value.role === "actuator";
}

/** "gy-max4466" is exported as gyMax4466. */
const camelCase = (file: string) => file.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
