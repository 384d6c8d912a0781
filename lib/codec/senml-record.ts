import { describe, ReadingError } from "../reading";

/**
 * A SenML record by the labels of RFC 8428 table 1; both JSON and CBOR are brought to it. What stands under a label has
 * not been checked. `quality` and `seq` are extensions of ours.
 */
export type SenmlRecord = Readonly<Record<string, unknown>>;

/** The version of RFC 8428 (section 4.4). */
const SENML_VERSION = 10;

/** What base fields hold from one record to the next (RFC 8428 section 4.1). */
export class SenmlBase {
  name = "";
  time = 0;
  unit: string | undefined;
  value: number | undefined;
  sum: number | undefined;
  #version: number | undefined;

  /** Takes what the record sets. @throws ReadingError naming the label */
  take(record: SenmlRecord): void {
    const { bn, bt, bu, bv, bs, bver } = record;
    if (bn !== undefined) this.name = textOf(bn, "bn");
    if (bt !== undefined) this.time = numberOf(bt, "bt");
    if (bu !== undefined) this.unit = textOf(bu, "bu");
    if (bv !== undefined) this.value = numberOf(bv, "bv");
    if (bs !== undefined) this.sum = numberOf(bs, "bs");
    if (bver !== undefined) this.#takeVersion(numberOf(bver, "bver"));
  }

  #takeVersion(version: number): void {
    if (version > SENML_VERSION) {
      throw new ReadingError(`expected a version up to ${SENML_VERSION}, got ${version}`, "bver");
    }
    if (this.#version !== undefined && this.#version !== version) {
      throw new ReadingError(`expected one version in a pack, got ${this.#version} and ${version}`, "bver");
    }
    this.#version = version;
  }
}

/** True when the record says something of its own and does not only set base fields for those after it. */
export function hasOwnFields(record: SenmlRecord): boolean {
  for (const label in record) {
    // RFC 8428 section 4.4: a label that ends in "_" may not be ignored. None is defined, so each is refused.
    if (label.endsWith("_")) throw new ReadingError("a field that must be understood, and is not", label);
  }
  const { n, u, t, ut, s, v, vs, vb, vd, quality } = record;
  const values = v ?? vs ?? vb ?? vd;
  return (n ?? u ?? t ?? ut ?? s ?? values ?? quality) !== undefined;
}

/** The record's one value, base value added; undefined when it has none. @throws ReadingError */
export function valueOfRecord(record: SenmlRecord, base: SenmlBase): unknown {
  const { v, vs, vb, vd } = record;
  const given =
    Number(v !== undefined) + Number(vs !== undefined) + Number(vb !== undefined) + Number(vd !== undefined);
  if (given > 1) {
    const labels = ["v", "vs", "vb", "vd"].filter((label) => record[label] !== undefined);
    throw new ReadingError(`expected one value, got ${labels.join(" and ")}`);
  }
  // Of base value and value, the missing one counts as 0 (section 4.1); with neither the record has no value.
  if (given === 0) return base.value;
  if (v !== undefined) return (base.value ?? 0) + numberOf(v, "v");
  if (vs !== undefined) return textOf(vs, "vs");
  if (vd !== undefined) return textOf(vd, "vd");
  if (typeof vb === "boolean") return vb;
  throw new ReadingError(`expected true or false, got ${describe(vb)}`, "vb");
}

export function numberOf(value: unknown, label: string): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (typeof value === "bigint") return Number(value);
  throw new ReadingError(`expected a finite number, got ${describe(value)}`, label);
}

export function textOf(value: unknown, label: string): string {
  if (typeof value === "string") return value;
  throw new ReadingError(`expected text, got ${describe(value)}`, label);
}
