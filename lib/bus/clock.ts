/** Time as buses and drivers see it, so that a simulation may run faster than the clock on the wall. */
export interface BusClock {
  /** Milliseconds since the epoch. */
  now(): number;
  wait(ms: number): Promise<void>;
  /** Calls back once after so many ms, unless what it returns is called before. */
  after(ms: number, call: () => void): () => void;
}

export const wallClock: BusClock = {
  now: () => Date.now(),
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  after(ms, call) {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
};
