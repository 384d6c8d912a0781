import { type DriverEntry, DriverFolder } from "./core/registry";

export * from "./core";
export type { Driver, DriverEntry } from "./core/registry";

const folder = new DriverFolder(__dirname);

/** Every driver of the pack, by id; loads them all. */
export const allDrivers = (): Promise<readonly DriverEntry[]> => folder.all();

/** One driver; loads only its file. @throws RangeError when there is none of this id */
export const findDriver = (id: string): Promise<DriverEntry> => folder.find(id);
