/** Keys remembered; beyond it the memory starts anew. More than any node keeps series, so that all share one string. */
const CAP = 200_000;

/**
 * The key of every series that was heard: by device, then by sensor. A key is asked for by each stateful node for each
 * reading, and a string that is put together anew each time must be copied and hashed each time: to look it up costs a third.
 */
const keys = new Map<string, Map<string, string>>();
let count = 0;

/** The key of a series: one sensor on one device. Unique because a device id never contains "/". */
export function seriesKey({ deviceId, sensor }: { readonly deviceId: string; readonly sensor: string }): string {
  return keys.get(deviceId)?.get(sensor) ?? remember(deviceId, sensor);
}

function remember(deviceId: string, sensor: string): string {
  if (count >= CAP) {
    keys.clear();
    count = 0;
  }
  const key = `${deviceId}/${sensor}`;
  const sensors = keys.get(deviceId);
  if (sensors) sensors.set(sensor, key);
  else keys.set(deviceId, new Map([[sensor, key]]));
  count += 1;
  return key;
}
