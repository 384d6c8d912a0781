/** Sensors in the order that server and clients agree on without a word. */
export function byName(sensors: readonly string[]): readonly string[] {
  return [...sensors].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}
