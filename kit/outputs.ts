import type { Reading } from "../lib/reading";
import type { NodeMessage } from "./red";

/** What may leave by one port: a batch (becomes `msg.payload`), a whole message, several messages, or nothing. */
export type PortOutput = readonly Reading[] | NodeMessage | Several | null | undefined;

/** Several messages by one port, one after the other. */
export class Several {
  constructor(readonly messages: readonly NodeMessage[]) {}
}

export function several(messages: readonly NodeMessage[]): Several {
  return new Several(messages);
}

/** Outputs of a node with more than one port, in their order. */
export class Ports {
  constructor(readonly outputs: readonly PortOutput[]) {}
}

export function ports(...outputs: readonly PortOutput[]): Ports {
  return new Ports(outputs);
}

export type Outputs = readonly Reading[] | NodeMessage | Several | Ports | null | undefined;

export interface Outgoing {
  /** What Node-RED's send takes, or undefined when there is nothing to send. */
  readonly messages: (NodeMessage | NodeMessage[] | null)[] | undefined;
  readonly readings: number;
}

const NOTHING: Outgoing = { messages: undefined, readings: 0 };

/**
 * Turns a node's outputs into messages. A batch travels in the message it came with, so that every other property is
 * kept: the first port reuses that message, which is the node's own by then, and the others get shallow copies.
 */
export function toMessages(outputs: Outputs, origin: NodeMessage): Outgoing {
  if (outputs === null || outputs === undefined) return NOTHING;
  const list = outputs instanceof Ports ? outputs.outputs : [outputs];
  let readings = 0;
  let originUsed = false;
  const messages = list.map((output) => {
    if (output === null || output === undefined) return null;
    if (output instanceof Several) return output.messages.length > 0 ? [...output.messages] : null;
    if (!Array.isArray(output)) return output as NodeMessage;
    if (output.length === 0) return null;
    readings += output.length;
    if (originUsed) return { ...origin, payload: output };
    originUsed = true;
    origin.payload = output;
    return origin;
  });
  return messages.every((message) => message === null) ? NOTHING : { messages, readings };
}

/**
 * A command is for the node it was sent to: what goes on from there says in `msg.answers` what it answers, so that the
 * next node does not take it for a command too.
 */
export function markAnswers({ messages }: Outgoing, command: string): void {
  for (const message of (messages ?? []).flat()) {
    if (message === null) continue;
    delete message.command;
    message.answers = command;
  }
}
