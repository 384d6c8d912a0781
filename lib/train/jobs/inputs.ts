import type { PreprocessSpec } from "../../model/contract";
import type { EngineeredSpec, FigureOf } from "../../model/preprocess";
import { inputNames } from "../../model/preprocess";
import { fitEngineered, type Inputs, inputsOf } from "../preprocess";
import type { TrainingJob } from "./contract";
import { historiesOf, type TrainingTable, type UnitHistory } from "./table";

/** Parts of a table without units, each taken for one: neighbours in time must not be on both sides of a test. */
const BLOCKS = 20;

/** A table's units; of a table without a column for them, consecutive parts of it. */
export function unitsOf(table: TrainingTable, job: Pick<TrainingJob, "unit">): UnitHistory[] {
  if (job.unit !== undefined) return historiesOf(table);
  const { rows } = table.values;
  const units = Array.from({ length: rows }, (_, row) => `part ${1 + Math.floor((row * BLOCKS) / rows)}`);
  return historiesOf({ ...table, units });
}

/** How rows become inputs, for tasks that ask what is the case now and not what will be. */
export interface RowInputs extends Inputs {
  readonly preprocess: PreprocessSpec;
  readonly names: readonly string[];
}

export function rowInputs(
  histories: readonly UnitHistory[],
  sensors: readonly string[],
  { past, seed }: Pick<TrainingJob, "past" | "seed">,
): RowInputs {
  if (past === 1) {
    const preprocess: PreprocessSpec = { kind: "window", sensors, length: 1 };
    return { preprocess, names: sensors, ...inputsOf(preprocess, histories) };
  }
  const preprocess: EngineeredSpec = fitEngineered(histories, {
    sensors,
    figures: figuresOf(past),
    components: 0,
    age: false,
    seed,
  });
  return { preprocess, names: inputNames(preprocess), ...inputsOf(preprocess, histories) };
}

/** The value itself, and what its past was like. */
function figuresOf(past: number): FigureOf[] {
  const figures: FigureOf[] = [{ figure: "value" }, { figure: "mean", window: past }, { figure: "std", window: past }];
  return past < 3 ? figures : [...figures, { figure: "slope", window: past }];
}
