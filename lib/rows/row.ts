/** What the sensors of one device said at one time. */
export interface Row {
  readonly deviceId: string;
  /** ms since the epoch. */
  readonly timestamp: number;
  /** In the order of the assembler's `sensors`; NaN for what is missing, where that is allowed. */
  readonly values: Float64Array;
}
