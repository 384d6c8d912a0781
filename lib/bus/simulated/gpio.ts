import type { Edge, GpioChip, GpioInput, InputOptions } from "../contract";
import { BusError } from "../error";
import type { Places } from "./bus";

/** How often a watched line is looked at, ms; its edges keep the times at which they were. */
const WATCH_MS = 10;

export function gpioTransport(places: Places<"gpio">): GpioChip & { readonly outputs: ReadonlyMap<number, boolean> } {
  const outputs = new Map<number, boolean>();
  const inUse = new Set<number>();
  const request = (line: number) => {
    places.check();
    if (inUse.has(line)) throw new BusError("busy", `line ${line} is in use`);
    inUse.add(line);
  };
  const levelOf = (line: number, { bias }: InputOptions): boolean => {
    places.check();
    const part = places.at(line);
    return part?.isPresent ? part.model.level(places.clock.now()) : bias === "pull-up";
  };
  const input = (line: number, options: InputOptions): GpioInput => {
    request(line);
    return {
      read: async () => levelOf(line, options) !== (options.activeLow ?? false),
      close: async () => void inUse.delete(line),
    };
  };
  return {
    outputs,
    input: async (line, options) => input(line, options),
    async watch(line, options, listener) {
      const opened = input(line, options);
      let isOpen = true;
      let seen = places.clock.now();
      const debounced = new Debouncer(options, listener, levelOf(line, {}));
      const look = () => {
        const now = places.clock.now();
        const part = places.at(line);
        debounced.take(part?.isPresent ? part.model.edges(seen, now) : [], now);
        seen = now;
      };
      void (async () => {
        while (isOpen) {
          await places.clock.wait(WATCH_MS);
          if (isOpen) look();
        }
      })();
      return {
        read: opened.read,
        close: async () => {
          isOpen = false;
          await opened.close();
        },
      };
    },
    async output(line, { initial, activeLow = false }) {
      request(line);
      outputs.set(line, initial !== activeLow);
      return {
        set: async (value) => {
          places.check();
          outputs.set(line, value !== activeLow);
        },
        close: async () => void inUse.delete(line),
      };
    },
    async close() {
      inUse.clear();
    },
  };
}

/** As the kernel's: a level is reported when it has lasted. */
class Debouncer {
  #pending: { readonly edge: Edge; readonly timestamp: number } | undefined;

  constructor(
    private readonly options: InputOptions,
    private readonly listener: (edge: Edge, timestamp: number) => void,
    private isHigh: boolean,
  ) {}

  take(edges: readonly { readonly edge: Edge; readonly timestamp: number }[], now: number): void {
    for (const edge of edges) {
      this.#settle(edge.timestamp);
      this.#pending = edge;
    }
    this.#settle(now);
  }

  #settle(now: number): void {
    const { debounceMs = 0, activeLow = false } = this.options;
    const pending = this.#pending;
    if (!pending || now - pending.timestamp < debounceMs) return;
    this.#pending = undefined;
    const isHigh = pending.edge === "rising";
    if (isHigh === this.isHigh) return;
    this.isHigh = isHigh;
    this.listener(activeLow ? opposite[pending.edge] : pending.edge, pending.timestamp);
  }
}

const opposite = { rising: "falling", falling: "rising" } as const;
