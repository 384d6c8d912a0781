const KEPT = 8192;
const MAX_LENGTH = 300;
/** How the guard begins what it says before it ends the process. */
export const GUARD_SAYS = "gatewise: ";

/** Lines that tell why a process ends, the most telling first. */
const TELLING = [
  /^gatewise: (.+)$/m,
  /FATAL ERROR: (.+)$/m,
  /^#?\s*(Fatal .+)$/m,
  /^\s*what\(\):\s*(.+)$/m,
  /^(terminate called .+)$/m,
];

/** What a process wrote last to its standard error, and what is to be learned from it. */
export class LastWords {
  #text = "";

  hear(data: Buffer): void {
    this.#text = (this.#text + data.toString("utf8")).slice(-KEPT);
  }

  /** Why the process ended. */
  reason(code: number | null, signal: NodeJS.Signals | null): string {
    const said = this.#said();
    if (said?.startsWith(GUARD_SAYS)) return said.slice(GUARD_SAYS.length);
    const how = signal ? `ended by ${signal}` : `exit code ${code}`;
    return said ? `${how}: ${said}` : how;
  }

  #said(): string | undefined {
    const [guarded] = TELLING;
    for (const pattern of TELLING) {
      const found = pattern.exec(this.#text)?.[1];
      if (found) return (pattern === guarded ? GUARD_SAYS : "") + found.trim().slice(0, MAX_LENGTH);
    }
    const lines = this.#text.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("Node.js v"));
    return lines.at(-1)?.trim().slice(0, MAX_LENGTH);
  }
}
