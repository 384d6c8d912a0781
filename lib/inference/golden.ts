import { type GoldenCase, ModelError, type ModelManifest, type TensorInfo } from "../model/contract";
import { dataOf, elementsOf, numbersOf, type Tensors } from "./tensor";

/** Inputs of a known case as tensors: free dimensions are 1, but the first, which takes what is left. */
export function goldenInputs(inputs: readonly TensorInfo[], given: GoldenCase["in"]): Tensors {
  return new Map(
    inputs.map(({ name, type, shape }) => {
      const values = given[name];
      if (!values) throw new ModelError(`golden case: the input "${name}" is missing`);
      const sizes = sizesFor(shape, values.length);
      if (!sizes) {
        throw new ModelError(
          `golden case: ${values.length} values do not fill "${name}" of shape [${shape.join(", ")}]`,
        );
      }
      return [name, { type, shape: sizes, data: dataOf(name, type, values) }];
    }),
  );
}

function sizesFor(shape: readonly number[], length: number): number[] | undefined {
  const known = elementsOf(shape.map((size) => Math.max(1, size)));
  const free = shape.indexOf(-1);
  const rest = length / known;
  if (!Number.isInteger(rest) || rest < 1 || (free < 0 && rest !== 1)) return undefined;
  return shape.map((size, i) => (i === free ? rest : Math.max(1, size)));
}

/**
 * Runs the known cases: an answer may differ by `eps`, or by that part of the expected value where this is above 1.
 * @throws ModelError naming the first answer that differs
 */
export async function checkGolden(
  manifest: Pick<ModelManifest, "inputs" | "golden">,
  run: (inputs: Tensors) => Promise<Tensors>,
): Promise<void> {
  const { cases = [], eps = 0 } = manifest.golden ?? {};
  for (const [i, { in: given, out }] of cases.entries()) {
    const answers = await run(goldenInputs(manifest.inputs, given));
    for (const [name, expected] of Object.entries(out)) {
      const tensor = answers.get(name);
      if (!tensor) throw new ModelError(`golden case ${i + 1}: the model has no output "${name}"`);
      compare(`golden case ${i + 1}, output "${name}"`, numbersOf(tensor.data), expected, eps);
    }
  }
}

function compare(what: string, got: Float64Array, expected: readonly number[], eps: number): void {
  if (got.length !== expected.length) {
    throw new ModelError(`${what}: expected ${expected.length} values, got ${got.length}`);
  }
  for (const [i, value] of expected.entries()) {
    const difference = Math.abs((got[i] as number) - value);
    // Written so that NaN differs.
    if (difference <= eps * Math.max(1, Math.abs(value))) continue;
    throw new ModelError(
      `${what}, value ${i + 1}: expected ${value}, got ${got[i]}: the model does not do here what it should`,
    );
  }
}

/** Values a case may have so that a manifest stays small. */
const MAX_CASE_VALUES = 4096;

/**
 * Cases for a model that came without any: reproducible numbers from 0 to 1 and what this machine answers, so that another
 * machine, runtime or version can be seen to answer the same. None for large or textual inputs. They may hold NaN and Infinity:
 * see `usableCases`.
 */
export async function recordGolden(
  inputs: readonly TensorInfo[],
  run: (inputs: Tensors) => Promise<Tensors>,
  count = 2,
): Promise<GoldenCase[]> {
  const sizes = inputs.map(({ shape }) => elementsOf(shape.map((size) => Math.max(1, size))));
  if (inputs.some(({ type }) => type === "string") || sizes.some((size) => size > MAX_CASE_VALUES)) return [];
  const cases: GoldenCase[] = [];
  const next = fractions();
  for (let i = 0; i < count; i++) {
    const given = Object.fromEntries(
      inputs.map(({ name, type }, at) => [
        name,
        Array.from({ length: sizes[at] as number }, () => (type.startsWith("float") ? next() : Math.round(next()))),
      ]),
    );
    const answers = await run(goldenInputs(inputs, given));
    const out = [...answers].flatMap(([name, { type, data }]) =>
      type === "string" ? [] : [[name, Array.from(numbersOf(data))] as const],
    );
    cases.push({ in: given, out: Object.fromEntries(out.filter(([, values]) => values.length <= MAX_CASE_VALUES)) });
  }
  return cases;
}

/**
 * The recorded cases without outputs that are not finite, which no JSON holds.
 * @throws ModelError when a value of the answers is NaN in every case: such a model has broken weights
 */
export function usableCases(cases: readonly GoldenCase[]): GoldenCase[] {
  for (const [name, first] of Object.entries(cases[0]?.out ?? {})) {
    const broken = first.findIndex((_, i) => cases.every(({ out }) => Number.isNaN(out[name]?.[i])));
    if (broken < 0) continue;
    throw new ModelError(
      `the model answers NaN: output "${name}", value ${broken + 1}, in all of ${cases.length} runs with inputs from 0 to 1; ` +
        'if it answers others, say which, with known answers in the field "golden" of its description',
    );
  }
  return cases.map(({ in: given, out }) => ({
    in: given,
    out: Object.fromEntries(Object.entries(out).filter(([, values]) => values.every(Number.isFinite))),
  }));
}

/** Multiples of the golden ratio, modulo 1, to six digits: evenly spread and the same everywhere. */
function fractions(): () => number {
  let i = 0;
  return () => {
    i += 1;
    return Math.round(((i * 0.618_033_988_75) % 1) * 1e6) / 1e6;
  };
}
