// Training in two threads, and prediction at the last cycle: the product's own trainer and predictor.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { rulBlend, trainRul, trainTrees, fitEngineered, inputsOf } = require("../../dist/lib/train/index.js");
const { loadPredictor } = require("../../dist/lib/model/predictors/index.js");
const { createPreprocessor } = require("../../dist/lib/model/preprocess/index.js");
const { WorkerHost } = require("../../dist/lib/workers/index.js");

/** Over shared memory, so that the threads do not copy it. */
function shared(values) {
  const own = new Float64Array(new SharedArrayBuffer(values.byteLength));
  own.set(values);
  return own;
}

const sharedSamples = ({ features, target, weights }) => ({
  features: { ...features, values: shared(features.values) },
  target: shared(target),
  weights: shared(weights),
});

/** @returns what predicts the remaining life of a unit from its history */
export async function trained(units, remaining, options, threads) {
  const hosts = Array.from(
    { length: threads },
    (_, i) => new WorkerHost("train/member-worker", { name: `trainer ${i + 1}` }),
  );
  try {
    const inThreads = (samples) => {
      const argument = sharedSamples(samples);
      // Each host takes the next member when it is done with one.
      const free = [...hosts];
      const waiting = [];
      const release = (host) => (waiting.length > 0 ? waiting.shift()(host) : free.push(host));
      const acquire = () => (free.length > 0 ? Promise.resolve(free.shift()) : new Promise((go) => waiting.push(go)));
      return async (member) => {
        const host = await acquire();
        try {
          return await host.call("member", { samples: argument, member });
        } finally {
          release(host);
        }
      };
    };
    const rul = await trainRul(units, remaining, options, {}, inThreads);
    return predictorOf(rul.preprocess, JSON.parse(JSON.stringify(rul.model)));
  } finally {
    await Promise.all(hosts.map((host) => host.close()));
  }
}

export const membersOf = (options) => rulBlend(options).length;

function predictorOf(preprocess, model) {
  const predictor = loadPredictor(model);
  return ({ rows }) => {
    const preprocessor = createPreprocessor(preprocess);
    let input;
    for (let row = 0; row < rows.rows; row++) {
      input = preprocessor.push(rows.values.subarray(row * rows.columns, (row + 1) * rows.columns), row) ?? input;
    }
    return predictor.predict(input, 1)[0];
  };
}

/** The peer: the recipe of many published notebooks, boosted trees on z-scores by regime, rolling and expanding figures. */
export async function plainRecipe(units, remaining, { sensors, settings, cap, seed }) {
  const figures = [
    { figure: "value" },
    { figure: "mean", window: 10 },
    { figure: "mean", window: 30 },
    { figure: "std", window: 30 },
    { figure: "slope", window: 30 },
    { figure: "smooth", span: 20 },
    { figure: "meanSoFar" },
  ];
  const preprocess = fitEngineered(units, { sensors, settings, figures, components: 0, seed });
  const { features, history, row } = inputsOf(preprocess, units);
  const target = Float64Array.from(history, (h, i) => Math.min(cap, remaining[h][row[i]]));
  const options = { rounds: 300, learningRate: 0.05, maxLeaves: 31, rowShare: 0.5, columnShare: 0.5, seed };
  const { model } = await trainTrees({ features, target }, options);
  return predictorOf(preprocess, { ...model, range: [0, cap] });
}
