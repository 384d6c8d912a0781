/** Runs what tells the console of every accelerator that it does not find, or how it would rather be installed. */
export async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const { warn, error, info, log } = console;
  const silent = (): void => undefined;
  Object.assign(console, { warn: silent, error: silent, info: silent, log: silent });
  try {
    return await work();
  } finally {
    Object.assign(console, { warn, error, info, log });
  }
}
