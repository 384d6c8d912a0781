import {
  choice,
  flag,
  group,
  integer,
  link,
  nodeSchema,
  optionalQuantity,
  quantity,
  rows,
  strings,
  text,
} from "../../../kit/schema";

const withGaussian = { noise: "gaussian" };
const withLaplace = { noise: "laplace" };

export const schema = nodeSchema("federated-server", {
  family: "intelligence",
  icon: "federated-server.svg",
  summary:
    "Lets gateways train one model together over MQTT: their readings stay with them, only what training changed is averaged.",
  version: 1,
  inputs: 1,
  outputs: ["rounds, as readings", "the model"],
  config: {
    broker: link("Broker", "gatewise-broker"),
    group: text("Group", {
      default: "gateways",
      required: true,
      maxLength: 64,
      pattern: "^[^/+#]+$",
      patternReason: "expected a name without /, + and #",
      hint: "Server and clients of one group train one model, in the topics federated/{group}/…",
    }),
    ...group("Model", {
      target: text("Sensor to predict", {
        required: true,
        placeholder: "temperature",
        hint: "What the model learns to tell from the inputs",
      }),
      targetKind: choice("It is", { number: "a number", yesNo: "yes or no (true, false, 1, 0)" }),
      targetUnit: text("Unit", {
        maxLength: 64,
        placeholder: "that of most clients",
        when: { targetKind: "number" },
        hint: "UCUM code, such as Cel. Clients leave out readings in other units.",
      }),
      targetLow: optionalQuantity("Usually from", {
        unit: "sensor's unit",
        when: { targetKind: "number" },
        hint: "Need not be exact. Empty: the clients measure it, see Inputs.",
      }),
      targetHigh: optionalQuantity("to", { unit: "sensor's unit", when: { targetKind: "number" } }),
      sensors: rows(
        "Inputs",
        {
          sensor: text("Sensor", { required: true, placeholder: "speed" }),
          unit: text("Unit", { maxLength: 64, placeholder: "of most" }),
          low: optionalQuantity("From"),
          high: optionalQuantity("To"),
        },
        {
          required: true,
          hint: "With the usual ranges of all sensors training begins at once. Where one is empty, clients first report mean and spread of theirs. Units that are empty are those of most clients.",
        },
      ),
      hidden: strings("Hidden layers", {
        each: { kind: "integer", min: 1, max: 1024 },
        placeholder: "16, 8",
        hint: "Neurons of each layer of a small network. Empty: a linear model, which needs the fewest rows and rounds.",
      }),
    }),
    ...group("Rounds", {
      rounds: integer("Rounds", {
        default: 50,
        min: 0,
        max: 1_000_000,
        hint: "Then the model is ready; 0 trains for ever.",
      }),
      roundTime: quantity("A round lasts at most", {
        unit: "s",
        default: 60,
        min: 0.1,
        max: 2_592_000,
        hint: "Updates that come later are refused; their clients take part again in the next round.",
      }),
      minClients: integer("At least", {
        unit: "clients",
        default: 2,
        min: 1,
        max: 100_000,
        hint: "With fewer, the round stays open for another time.",
      }),
      enoughClients: integer("Ends early with", {
        unit: "clients",
        default: 0,
        min: 0,
        max: 100_000,
        hint: "As many as there are, so that a round lasts no longer than the slowest takes. 0: always the whole time.",
      }),
      pause: quantity("Pause between rounds", {
        unit: "s",
        default: 0,
        min: 0,
        max: 2_592_000,
        hint: "Hours, for a model that is kept up to date for ever.",
      }),
    }),
    ...group("Protection", {
      rule: choice(
        "Average",
        {
          mean: "Mean, by number of rows",
          trimmed: "Trimmed mean: without the extremes",
          median: "Median of the clients",
        },
        { hint: "The last two hold against clients that are broken or hostile, and need three clients or more." },
      ),
      trim: quantity("Left out at each end", { unit: "%", default: 20, min: 0, max: 49, when: { rule: "trimmed" } }),
      clip: quantity("Shorten changes to", {
        default: 0,
        min: 0,
        max: 1_000_000,
        hint: "Length (L2 norm) that one client's change may have: bounds what it can do in a round. 1 is usual; 0 for no bound.",
      }),
      refuseAbove: quantity("Refuse changes above", {
        default: 1000,
        min: 0.000_001,
        max: 1e9,
        hint: "What is so long is an error or an attack and is not counted at all.",
      }),
      members: strings("Known clients", {
        placeholder: "ward-1, ward-2",
        hint: "Others are refused. Empty: all that the broker lets publish to federated/{group}/updates/…",
      }),
    }),
    ...group(
      "Privacy",
      {
        noise: choice(
          "Noise",
          { none: "None", gaussian: "Gaussian", laplace: "Laplace" },
          {
            when: { rule: "mean" },
            hint: "Hides what any one client contributed. Needs a bound on changes, all ranges, and many clients to learn well.",
          },
        ),
        noiseMultiplier: quantity("Strength", {
          unit: "times the bound",
          default: 1,
          min: 0.01,
          max: 1000,
          when: { rule: "mean", ...withGaussian },
          hint: "Standard deviation of the noise on the sum of all changes.",
        }),
        delta: quantity("Delta", {
          default: 0.000_01,
          min: 1e-15,
          max: 0.1,
          when: { rule: "mean", ...withGaussian },
          hint: "How likely the promise of epsilon may fail: well below one in the number of clients.",
        }),
        noiseEpsilon: quantity("Epsilon of a round", {
          default: 1,
          min: 0.001,
          max: 1000,
          when: { rule: "mean", ...withLaplace },
          hint: "Smaller hides more. Changes are then shortened by their L1 norm.",
        }),
        budget: optionalQuantity("Budget", {
          unit: "epsilon",
          min: 0.001,
          max: 1_000_000,
          placeholder: "unlimited",
          when: { rule: "mean", noise: ["gaussian", "laplace"] },
          hint: "No round is held that would spend more. What is spent is kept in the store, which is needed for it.",
        }),
      },
      { folded: true },
    ),
    ...group(
      "Training at the clients",
      {
        epochs: integer("Passes over the rows", {
          default: 2,
          min: 1,
          max: 1000,
          hint: "More learns faster with few rounds; with clients that differ a lot, fewer is better.",
        }),
        batch: integer("Rows a step", { default: 32, min: 1, max: 10_000 }),
        learningRate: quantity("Learning rate", {
          default: 0.05,
          min: 0.000_001,
          max: 10,
          hint: "Smaller when the loss jumps up and down, larger when it falls too slowly.",
        }),
        proximal: quantity("Pull to the shared model", {
          default: 0,
          min: 0,
          max: 1000,
          hint: "FedProx's mu: keeps clients that differ a lot from running apart. 0.01 to 1; 0 for none.",
        }),
        momentum: quantity("Momentum", {
          default: 0.5,
          min: 0,
          max: 0.99,
          hint: "How much of the last step the server takes again: evens out what uneven clients pull to and fro. 0.9 for networks.",
        }),
        maxRows: integer("A client counts at most", {
          unit: "rows",
          default: 10_000,
          min: 1,
          max: 1_000_000_000,
          when: { rule: "mean" },
          hint: "One with more rows, or that says so, weighs no more than this.",
        }),
        maxClients: integer("Clients at most", { default: 1000, min: 1, max: 100_000 }),
        seed: integer("Seed", {
          default: 1,
          min: 0,
          max: 4_294_967_295,
          hint: "The same seed, rows and clients give the same model.",
        }),
      },
      { folded: true },
    ),
    ...group("State", {
      store: link("Store", "gatewise-store", {
        required: false,
        hint: "Keeps model, round and privacy spent over redeploys and restarts. Without it training begins anew.",
      }),
      everyRound: flag("Give the model after every round", {
        hint: "By the second output; otherwise only when it is ready, and by the command model.",
      }),
    }),
  },
  commands: {
    model: "sends the model as it stands by the second output",
    close: "ends the open round now, with the updates that are there",
    reset: "begins anew with an untrained model; privacy that was spent stays spent",
  },
});
