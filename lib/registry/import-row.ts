import type { DeviceFields } from "./device";

export interface ImportProblem {
  readonly line: number;
  readonly problem: string;
}

export interface ImportRow {
  readonly line: number;
  readonly id: string;
  readonly fields: DeviceFields;
}
