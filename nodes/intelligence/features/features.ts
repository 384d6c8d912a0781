import { type Behaviour, defineNode } from "../../../kit";
import { schema } from "./schema";

/** Messages in work at once: blocks that wait for the thread are bounded by their samples. */
const IN_FLIGHT = 1000;

export default defineNode(schema, (context) => {
  let analyser: Behaviour | undefined;

  return {
    inFlight: IN_FLIGHT,
    async start() {
      context.status.busy("starts");
      const { openAnalyser } = await import("./analyser.js");
      analyser = await openAnalyser(context);
      context.status.idle("no blocks yet");
    },
    // Messages wait for the start.
    isInput: (msg) => analyser?.isInput?.(msg) ?? false,
    input: (msg, refuse) => analyser?.input?.(msg, refuse),
    readings: (batch, msg, refuse) => analyser?.readings?.(batch, msg, refuse),
    close: (removed) => analyser?.close?.(removed),
    commands: { reset: (msg) => analyser?.commands?.reset?.(msg) },
  };
});
