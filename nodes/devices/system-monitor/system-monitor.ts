import { defineNode, TextAnswer } from "../../../kit";
import type { Monitor } from "./monitor";
import { schema } from "./schema";

export default defineNode(
  schema,
  (context) => {
    let monitor: Monitor | undefined;

    return {
      /** What a scrape asks. */
      service: { expose: () => monitor?.expose() },
      async start() {
        context.status.busy("starts");
        const { openMonitor } = await import("./monitor.js");
        if (context.closing) return;
        monitor = openMonitor(context);
        await monitor.start();
      },
      input: () => monitor?.ask(),
    };
  },
  {
    routes: {
      metrics: {
        method: "get",
        async handle(service) {
          const exposition = await (service as Pick<Monitor, "expose">).expose();
          if (!exposition) throw new Error("the node has not started yet");
          return new TextAnswer(exposition.contentType, exposition.body);
        },
      },
    },
  },
);
