import { describe, expect, it } from "vitest";
import type { FieldSpec } from "../kit/fields";
import type { ConfigOf, NodeSchema } from "../kit/node-schema";
import { applies, parseConfig } from "../kit/validate";
import { filterFactory } from "../lib/filter";
import { DeviceHealth, healthFactory } from "../lib/health";
import type { Snapshotable } from "../lib/numeric/state";
import type { Reading } from "../lib/reading";
import { windowFactory } from "../lib/window";
import { gaussian, reading, throughJson } from "../test/support/series";
import { judgingBy } from "./intelligence/anomaly/judging";
import { schema as anomaly } from "./intelligence/anomaly/schema";
import { schema as health } from "./intelligence/health/schema";
import { deviceLifeFactory } from "./intelligence/rul/lives";
import { deviceMaintenanceFactory } from "./intelligence/rul/probability";
import { schema as rul } from "./intelligence/rul/schema";
import { schema as filter } from "./process/filter/schema";
import { schema as window } from "./process/window/schema";

/**
 * What a schema lists as `keepState` must not change what is learned: a state that was made with one value of the field
 * and goes on with another gives what it would have given with the other from the beginning.
 */

/** These also shape what is in progress, such as a smoothed value or an alarm: with them it is judged on at once, with what was learned. */
const SHAPING_THE_MOMENT = [
  "sensitivity",
  "refractory",
  "minStd",
  "learnAnomalies",
  "sigmas",
  "failedAt",
  "smoothing",
  "monotonic",
  "combine",
];

/** Values that fit to the readings and to the other fields, where the one made up would not. */
const FITTING: Readonly<Record<string, unknown>> = { declaredHigh: 100, highAbove: 0.95, refractory: 3 };

interface State extends Snapshotable {
  push(reading: Reading): unknown;
}

type Make = (config: Record<string, unknown>) => Promise<() => State>;

const SENSORS = ["a", "b", "c"];
const BEFORE = 320;
const AFTER = 60;

/** Noise of three sensors of a device, once a minute, rising slowly. */
function readings(sensors: readonly string[]): Reading[] {
  const noise = gaussian(12);
  return Array.from({ length: BEFORE + AFTER }, (_, row) =>
    sensors.map((sensor) => reading(20 + row / 1000 + noise(), 1.7e12 + row * 60_000, { sensor })),
  ).flat();
}

/** Another valid value of the field. */
function another(field: string, spec: FieldSpec): unknown {
  return FITTING[field] ?? otherThan(spec);
}

function otherThan({ kind, default: preset, options, min = 0, max = 1e9, columns }: FieldSpec): unknown {
  if (kind === "flag") return !preset;
  if (kind === "choice") return Object.keys(options ?? {}).find((value) => value !== preset);
  if (kind === "choices") return Object.keys(options ?? {}).slice(0, 1);
  if (kind === "text") return `${preset}.x`;
  if (columns) return undefined;
  const number = Number(preset) * 0.75 || 1;
  const inside = Math.min(max, Math.max(min, number));
  return kind === "integer" ? Math.round(inside) : inside;
}

/** The kept fields that apply to each method: those that are to be the same at once, and each of the others by itself. */
function cases(schema: NodeSchema, by: string): [method: string, fields: string[]][] {
  return Object.keys(schema.config[by]?.options ?? {}).flatMap((method) => {
    const fields = schema.keepState.filter(
      (field) =>
        applies(schema.config, field, { [by]: method }) &&
        another(field, schema.config[field] as FieldSpec) !== undefined,
    );
    const shaping = fields.filter((field) => SHAPING_THE_MOMENT.includes(field));
    const others = fields.filter((field) => !shaping.includes(field));
    return [others, ...shaping.map((field) => [field])]
      .filter(({ length }) => length > 0)
      .map((some): [string, string[]] => [method, some]);
  });
}

async function expectKept(
  schema: NodeSchema,
  base: Record<string, unknown>,
  fields: readonly string[],
  make: Make,
  sensors: string[],
) {
  const configured = (more: Record<string, unknown>) => {
    const { values, problems } = parseConfig(schema.config, { ...base, ...more });
    expect(problems).toEqual([]);
    return values;
  };
  const changed = configured(
    Object.fromEntries(fields.map((field) => [field, another(field, schema.config[field] as FieldSpec)])),
  );
  const [usual, other] = [await make(configured({})), await make(changed)];
  const input = readings(sensors);
  const split = BEFORE * sensors.length;
  const [before, whole, after] = [usual(), other(), other()];
  for (const one of input.slice(0, split)) {
    before.push(one);
    whole.push(one);
  }
  after.restore(throughJson(before.snapshot()));
  const rest = input.slice(split);
  const [given, expected] = [after, whole].map((state) => rest.map((one) => state.push(one))) as [unknown[], unknown[]];
  if (fields.some((field) => SHAPING_THE_MOMENT.includes(field)))
    expect(given.map(isVerdict)).toEqual(expected.map(isVerdict));
  else expect(given).toEqual(expected);
}

/** Whether something was said of a reading: an unjudged one comes back without a verdict. */
function isVerdict(output: unknown): boolean {
  const { anomaly: verdict, health: index } = (output ?? {}) as Partial<Reading>;
  return verdict !== undefined || index !== undefined;
}

describe("what was learned is the same with another value of", () => {
  const node = { fail: () => {}, warn: () => {}, metrics: { count: () => {} } };
  it.each(cases(anomaly, "method"))("anomaly by %s: %s", (method, fields) =>
    expectKept(
      anomaly,
      { method, store: "s", fit: 100, cutWindow: 100 },
      fields,
      async (config) => {
        const none = { query: () => [], series: () => [], append: () => {} };
        const { create } = await judgingBy(config as ConfigOf<typeof anomaly>, () => none, node as never);
        return create as () => State;
      },
      SENSORS,
    ),
  );

  it.each(cases(rul, "method").filter(([method]) => method === "extrapolation" || method === "probability"))(
    "rul by %s: %s",
    (method, fields) => {
      const ranges = [{ quantity: "temperature", sensor: "a", normal: 20, limit: 22 }];
      return expectKept(
        rul,
        { method, sensor: "a", failure: 24, ranges },
        fields,
        async (config) => {
          const typed = config as ConfigOf<typeof rul>;
          return method === "probability" ? deviceMaintenanceFactory(typed) : deviceLifeFactory(typed, "/");
        },
        ["a"],
      );
    },
  );

  it.each(cases(health, "method"))("health by %s: %s", (method, fields) => {
    const limits = SENSORS.map((sensor) => ({ sensor, good: 20, failed: 30, weight: 1 }));
    return expectKept(
      health,
      { method, limits },
      fields,
      async (config) => {
        const typed = config as ConfigOf<typeof health>;
        const sensors = method === "limits" ? typed.limits : [];
        const create = healthFactory({ ...typed, sensors });
        return () =>
          new DeviceHealth(
            create(),
            sensors.map(({ sensor }) => sensor),
            typed.hold * 1000,
          );
      },
      SENSORS,
    );
  });

  it.each(cases(window, "kind"))("window, %s: %s", (kind, fields) =>
    expectKept(
      window,
      { kind, size: 600, every: 300, gap: 120 },
      fields,
      async (config) => {
        const typed = config as ConfigOf<typeof window>;
        const create = windowFactory({ ...typed, percentiles: [] });
        return () => {
          const made = create();
          return {
            push: (one) => {
              const out: Reading[] = [];
              made.push(one, one.timestamp, out);
              return out;
            },
            snapshot: () => made.snapshot(),
            restore: (state) => made.restore(state),
          };
        };
      },
      ["a"],
    ),
  );

  it.each(cases(filter, "method"))("filter by %s: %s", (method, fields) =>
    expectKept(
      filter,
      { method },
      fields,
      async (config) => {
        const create = filterFactory(config as ConfigOf<typeof filter>);
        return () => {
          const made = create();
          return {
            push: (one) => {
              const out: Reading[] = [];
              made.push(one, out);
              return out;
            },
            snapshot: () => made.snapshot?.(),
            restore: (state) => made.restore?.(state),
          };
        };
      },
      ["a"],
    ),
  );
});
