import { metricsOfNodes } from "../metrics";
import type { AdminRequest, AdminResponse, Red } from "../red";

/**
 * The editor plugin: its HTML brings the script that all our dialogs share, before any node's. It also serves what the
 * nodes count, for who may read it.
 */
export default function plugin(red: Red): void {
  red.plugins.registerPlugin("gatewise-editor", { type: "gatewise-editor" });
  const read = red.auth.needsPermission("gatewise.read");
  red.httpAdmin.get("/gatewise/metrics", read, (_request: AdminRequest, response: AdminResponse) => {
    response.json({ nodes: metricsOfNodes.all() });
  });
}
