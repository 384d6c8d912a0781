import { describe } from "../reading";
import { checkId } from "./check";

/** on: any device registers itself. listed: only those on a list of ids. off: people register every device. */
export type AutoRegistration = "on" | "listed" | "off";

/** Decides whether a device that nobody registered may register itself. */
export class Admission {
  readonly #ids: ReadonlySet<string>;
  readonly #patterns: readonly RegExp[];

  /** @param listed ids, in which `*` stands for any characters */
  constructor(
    private readonly mode: AutoRegistration,
    listed: readonly string[],
  ) {
    this.#ids = new Set(listed.filter((id) => !id.includes("*")));
    this.#patterns = listed.filter((id) => id.includes("*")).map(patternOf);
  }

  /** The reason when it may not, or undefined. */
  whyRefused(id: string): string | undefined {
    if (this.mode === "on" || (this.mode === "listed" && this.#isListed(id))) return problemWith(id);
    const unknown = `device ${describe(id)} is not registered`;
    return this.mode === "off"
      ? `${unknown}, and auto-registration is off: register it first`
      : `${unknown}, and not among the known ids that may register themselves`;
  }

  #isListed(id: string): boolean {
    return this.#ids.has(id) || this.#patterns.some((pattern) => pattern.test(id));
  }
}

/** An id that no device can have would make topics and keys that mean something else. */
function problemWith(id: string): string | undefined {
  try {
    checkId(id);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function patternOf(listed: string): RegExp {
  const parts = listed.split("*").map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "s");
}
