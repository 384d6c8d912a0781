import type { DriverEntry } from "../drivers";
import type { CatalogEntry } from "./listing";

export function catalogOf(entries: readonly DriverEntry[]): CatalogEntry[] {
  return entries
    .map(({ id, driver, model }) => {
      const { role, bus, name, maker, addresses, options } = driver;
      const definition = "definition" in driver ? (driver.definition as object) : {};
      return {
        ...{ id, role, bus, name, maker, addresses, options },
        what: driver.role === "sensor" ? driver.measures : driver.drives,
        channels:
          driver.role === "sensor"
            ? driver.channels().map(({ sensor, unit }) => ({ name: sensor, unit }))
            : driver.outputs().map(({ actuator, unit }) => ({ name: actuator, unit })),
        speaks: "framer" in definition,
        blocks: "readBlock" in definition && definition.readBlock !== undefined,
        quantities: Object.keys(model?.quantities ?? {}),
      };
    })
    .sort((a, b) => a.name.localeCompare(b.name));
}
