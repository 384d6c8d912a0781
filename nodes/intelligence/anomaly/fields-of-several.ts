import { flag, integer, quantity, strings } from "../../../kit/schema";
import { OF_SEVERAL_SENSORS, TREES } from "./methods";

/** What the detectors of several sensors are told. */
export const fieldsOfSeveral = {
  sensors: strings("Sensors", {
    when: { method: OF_SEVERAL_SENSORS },
    hint: "Those of a device that belong together, with commas. Empty: all that it reports at one time.",
    placeholder: "current, pressure, flow",
  }),
  hold: quantity("Hold values for", {
    unit: "s",
    default: 0,
    min: 0,
    when: { method: OF_SEVERAL_SENSORS },
    hint: "For sensors that report more slowly than the others. 0 joins only readings of one timestamp.",
  }),
  allowMissing: flag("Allow missing", {
    when: { method: OF_SEVERAL_SENSORS },
    hint: "Judges also what comes without some of the sensors.",
  }),
  fit: integer("Learn from", {
    unit: "rows",
    default: 400,
    min: 60,
    max: 10_000,
    when: { method: "hotelling" },
    hint: "Of normal operation. A row is what the sensors show at one time. Nothing is judged before.",
  }),
  smoothing: quantity("Weight of the newest", {
    default: 0.1,
    min: 0.01,
    max: 1,
    when: { method: "hotelling" },
    hint: "Smaller finds smaller deviations, later.",
  }),
  sigmas: quantity("Limits", {
    unit: "standard deviations",
    default: 3,
    min: 0.1,
    max: 1000,
    when: { method: "hotelling" },
    hint: "An alarm begins when deviations stay there for twenty rows, farther out sooner.",
  }),
  settle: integer("New normal after", {
    unit: "rows in alarm",
    default: 3600,
    min: 0,
    max: 1_000_000_000,
    when: { method: "hotelling" },
    hint: "0 for never.",
  }),
  countWindow: integer("Counts", {
    unit: "rows",
    default: 250,
    min: 50,
    max: 10_000,
    when: { method: "halfSpaceTrees" },
    hint: "At a time; then the counts are used, and new ones begun.",
  }),
  cutWindow: integer("Remembers", {
    unit: "rows",
    default: 1000,
    min: 50,
    max: 100_000,
    when: { method: "randomCutForest" },
    hint: "By a sample of them. Longer is steadier and gets used to a change later.",
  }),
  isolationWindow: integer("Window", {
    unit: "rows",
    default: 100,
    min: 20,
    max: 10_000,
    when: { method: "isolationForest" },
    hint: "That the forest is fitted to, in a thread of its own.",
  }),
  refit: integer("Fit anew after", {
    unit: "rows",
    default: 50,
    min: 1,
    max: 1_000_000,
    when: { method: "isolationForest" },
  }),
  contamination: quantity("Share of anomalies", {
    default: 0.1,
    min: 0.001,
    max: 0.5,
    when: { method: "isolationForest" },
    hint: "So many of the rows are called anomalies, whether they are or not.",
  }),
  oneInRows: quantity("One false alarm in", {
    unit: "rows",
    default: 1000,
    min: 10,
    max: 1e12,
    when: { method: TREES },
    hint: "Of normal operation. More is stricter.",
  }),
};
