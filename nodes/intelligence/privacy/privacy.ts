import { type Behaviour, defineNode } from "../../../kit";
import { schema } from "./schema";

export default defineNode(schema, (context) => {
  let releasing: Behaviour | undefined;

  return {
    async start() {
      context.status.busy("starts");
      const { openReleasing } = await import("./releasing.js");
      releasing = openReleasing(context);
    },
    // Messages wait for the start.
    readings: (batch, msg, refuse) => releasing?.readings?.(batch, msg, refuse),
  };
});
