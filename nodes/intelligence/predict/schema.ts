import { choice, group, integer, link, nodeSchema, text } from "../../../kit/schema";

export const schema = nodeSchema("predict", {
  family: "intelligence",
  icon: "predict.svg",
  summary: "Runs a model on readings or tensors, in a thread of its own, and gives its answers as readings.",
  version: 1,
  inputs: 1,
  outputs: ["predictions"],
  config: {
    models: link("Models", "gatewise-models"),
    model: text("Model", {
      required: true,
      maxLength: 64,
      pattern: "^[A-Za-z0-9][A-Za-z0-9._-]*$",
      patternReason: "expected the name of a model: letters, digits, ., _ and -",
      placeholder: "pump-state",
      hint: "A new version of it takes over by itself, once it has given its known answers.",
    }),
    ...group("When readings come faster than the model runs", {
      policy: choice("Then", {
        block: "they wait, and so does who sends them",
        dropOldest: "the oldest are given up and reported",
        latest: "of each device only the newest waits",
      }),
      capacity: integer("Waiting", {
        unit: "inputs at most",
        default: 1000,
        min: 1,
        max: 100_000,
      }),
    }),
    store: link("Store", "gatewise-store", {
      required: false,
      hint: "Keeps what the model remembers of each device, such as its window, over redeploys and restarts.",
    }),
  },
  commands: {
    reset: "forgets what was remembered of devices; msg.payload {deviceId} only of that one",
    import:
      "imports the model in msg.payload {name, files, …} into the store, where the models node allows it; answers with name, version and seq",
    info: "answers with the model in use, its inputs, runtime and latency",
  },
  keepState: ["models", "policy", "capacity"],
});
