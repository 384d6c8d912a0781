import type { TrainingReport, TrainingTask } from "../contract";
import { confusionMatrix, figureByFold, importanceBars, predictedAgainstTrue, scoreHistogram } from "./panels";
import { type Box, bar, shortly, text } from "./svg";

const WIDTH = 960;
const HEIGHT = 560;

/** Colours that can be told apart by the colour-blind (Okabe and Ito 2008), on light and on dark. */
const STYLE = `
text{font:12px system-ui,sans-serif;fill:#222}.h{font-weight:600;font-size:13px}.s{font-size:11px;fill:#555}.n{font-size:17px;font-weight:600}
.bg{fill:#fff}.g{stroke:#8884;stroke-width:1}.a{stroke:#888}.d{stroke:#555;stroke-dasharray:5 4}.i{stroke:#0072b2;stroke-opacity:.16}
.p{stroke:#0072b2;stroke-opacity:.55;stroke-width:4;stroke-linecap:round;fill:none}.b,.ok{fill:#0072b2}.bad{fill:#d55e00}
@media(prefers-color-scheme:dark){text{fill:#eee}.s{fill:#aaa}.bg{fill:#1b1d21}.d{stroke:#bbb}.i{stroke:#56b4e9;stroke-opacity:.22}
.p{stroke:#56b4e9}.b,.ok{fill:#56b4e9}.bad{fill:#e69f00}}`.replaceAll("\n", "");

const BY_FOLD: Readonly<Record<TrainingTask, readonly [figure: string, title: string]>> = {
  rul: ["rmse", "Error by fold (root mean square, h)"],
  classifier: ["macro_f1", "F1 by fold (mean of the classes)"],
  anomaly: ["false_alarms", "False alarms by fold (share of normal rows)"],
};

const FIGURES: Readonly<Record<TrainingTask, readonly (readonly [figure: string, name: string])[]>> = {
  rul: [
    ["rmse", "RMSE h"],
    ["mae", "mean error h"],
    ["coverage", "within 90 % interval"],
    ["cap", "told up to h"],
  ],
  classifier: [
    ["accuracy", "accuracy"],
    ["macro_f1", "F1"],
    ["auc", "AUC"],
  ],
  anomaly: [
    ["false_alarms", "false alarms"],
    ["found", "anomalies found"],
    ["f1", "F1"],
    ["auc", "AUC"],
  ],
};

/** The report as a picture, an SVG document that is legible on light and on dark. */
export function reportPlot(report: TrainingReport): string {
  const { task, name, rows, units, folds } = report;
  const left: Box = { x: 56, y: 96, width: 400, height: 400 };
  const right: Box = { x: 520, y: 96, width: 410, height: 400 };
  const rightTop: Box = { x: 520, y: 96, width: 410, height: 130 };
  const rightBottom: Box = { x: 520, y: 290, width: 410, height: 230 };
  const main = task === "rul" ? predictedAgainstTrue : task === "classifier" ? confusionMatrix : scoreHistogram;
  const figures = FIGURES[task]
    .filter(([figure]) => report.metrics[figure] !== undefined)
    .map(([figure, label]) => `${label} ${shortly(report.metrics[figure] as number)}`);
  const tested =
    folds.length > 0 ? `tested on units left out, ${folds.length} folds` : "not tested: figures of the training rows";
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img">`,
    `<style>${STYLE}</style>`,
    bar({ x: 0, y: 0, width: WIDTH, height: HEIGHT }, "bg"),
    text(24, 32, name, { style: "n" }),
    text(24, 54, `${rows.toLocaleString("en")} rows of ${units} units; ${tested}; ${figures.join(", ")}`, {
      style: "s",
    }),
    main(left, report),
    figureByFold(task === "anomaly" ? right : rightTop, report, ...BY_FOLD[task]),
    // Models of what is normal do not tell which inputs matter.
    task === "anomaly" ? "" : importanceBars(rightBottom, report),
    "</svg>",
  ].join("\n");
}
