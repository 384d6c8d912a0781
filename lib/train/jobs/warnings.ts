/** What somebody who relies on a model must know of the data that it is from, with what would help. */

const ENOUGH_LIVES = 10;
const ENOUGH_OF_CLASS = 20;
const ENOUGH_UNITS_OF_CLASS = 3;
const ENOUGH_NORMAL = 500;
const MOST_NAMED = 5;
/** Share of the variance below which a model says next to nothing. */
const USELESS = 0.1;

/** @param r2 of units that were not seen; missing where there was no test */
export function lifeWarnings(lives: number, r2: number | undefined): string[] {
  const few =
    lives >= ENOUGH_LIVES
      ? []
      : [
          `only ${lives} lives to learn from: below ${ENOUGH_LIVES} a model learns little; add lives, or use rul's other ` +
            "methods, which need three lives (runs to failure) or none (a failure value)",
        ];
  if (r2 === undefined || r2 >= USELESS) return few;
  return [
    ...few,
    "units that it has not seen are foretold hardly better than by the mean life: add lives, or sensors that show wear",
  ];
}

/** @param units the unit of each row; undefined where rows are no units' */
export function classWarnings(classes: readonly string[], units: readonly string[] | undefined): string[] {
  const counts = new Map<string, { rows: number; units: Set<string> }>();
  classes.forEach((label, row) => {
    const own = counts.get(label) ?? { rows: 0, units: new Set<string>() };
    own.rows += 1;
    if (units) own.units.add(units[row] as string);
    counts.set(label, own);
  });
  const all = [...counts];
  const rare = all.filter(([, { rows }]) => rows < ENOUGH_OF_CLASS).map(([label, { rows }]) => `${label} (${rows})`);
  const local = all
    .filter(([, { rows, units: own }]) => units && rows >= ENOUGH_OF_CLASS && own.size < ENOUGH_UNITS_OF_CLASS)
    .map(([label, { units: own }]) => `${label} (${own.size})`);
  return [
    ...(rare.length > 0
      ? [`classes with fewer than ${ENOUGH_OF_CLASS} rows are hardly learned: ${named(rare)}; add examples of them`]
      : []),
    ...(local.length > 0
      ? [
          `classes seen in fewer than ${ENOUGH_UNITS_OF_CLASS} units may be told by the unit and not by the class: ` +
            `${named(local)}; add units that show them`,
        ]
      : []),
  ];
}

export function normalWarnings(normal: number): string[] {
  if (normal >= ENOUGH_NORMAL) return [];
  return [
    `only ${normal} normal rows to learn from: how rare one row in a hundred is, is a guess below ${ENOUGH_NORMAL}; add normal rows`,
  ];
}

/** The first few of a list, and how many more there are. */
export function named(list: readonly string[]): string {
  const more = list.length - MOST_NAMED;
  return `${list.slice(0, MOST_NAMED).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
