import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** The folder of an installed package, for the files in it that are not modules. @throws Error when it is not installed */
export function packageFolder(name: string, userDir: string | undefined): string {
  const places = [__filename, ...(userDir === undefined ? [] : [join(userDir, "package.json")])];
  for (const place of places) {
    try {
      return dirname(createRequire(place).resolve(`${name}/package.json`));
    } catch {
      // Looked for in the next place.
    }
  }
  throw new Error(`the package ${name} is not installed`);
}
