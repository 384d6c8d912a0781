import { type Behaviour, defineNode } from "../../../kit";
import { schema } from "./schema";

export default defineNode(schema, (context) => {
  let analyser: Behaviour | undefined;

  return {
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
    commands: { reset: (msg) => analyser?.commands?.reset?.(msg) },
  };
});
