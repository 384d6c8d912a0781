import type { NodeContext } from "../../../kit";
import type { schema } from "./schema";

/** The context of this node, as its parts get it. */
export type Context = NodeContext<typeof schema>;
