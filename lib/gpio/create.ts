import type { LineSignal } from "./contract";
import { Debounced } from "./debounce";
import { PulseCounter, type PulseOptions } from "./pulses";
import { LineState, Motion, type MotionOptions, type StateOptions } from "./state";

/** What a line is watched for. */
export type Meaning =
  | ({ readonly kind: "state" } & StateOptions)
  | ({ readonly kind: "motion" } & MotionOptions)
  | ({ readonly kind: "pulses" } & PulseOptions);

/** @throws RangeError for options that are not valid */
export function lineSignal(meaning: Meaning, debounceMs = 0): LineSignal {
  const signal = plainSignal(meaning);
  return debounceMs === 0 ? signal : new Debounced(signal, debounceMs);
}

function plainSignal(meaning: Meaning): LineSignal {
  switch (meaning.kind) {
    case "state":
      return new LineState(meaning);
    case "motion":
      return new Motion(meaning);
    case "pulses":
      return new PulseCounter(meaning);
  }
}
