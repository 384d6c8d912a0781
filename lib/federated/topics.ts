import { checkDeviceId } from "../reading/check";

const ROOT = "federated";

/** The topics of one group of gateways that train one model together. */
export interface GroupTopics {
  /** From the server, retained: what is asked for now, with the shared model. */
  readonly round: string;
  /** Every client's updates: what the server subscribes to. */
  readonly allUpdates: string;
  /** To the server: one client's updates. Its credential should be able to publish to this one only. */
  updatesOf(client: string): string;
  /** From the server: what became of this client's updates. */
  verdictsFor(client: string): string;
  /** The client whose updates these are. @throws ReadingError when its name is none */
  clientOf(topic: string): string;
}

/** @throws ReadingError when the group's name cannot be part of a topic */
export function topicsOf(group: string): GroupTopics {
  const base = `${ROOT}/${checkDeviceId(group, "group")}`;
  return {
    round: `${base}/round`,
    allUpdates: `${base}/updates/+`,
    updatesOf: (client) => `${base}/updates/${checkDeviceId(client, "client")}`,
    verdictsFor: (client) => `${base}/verdicts/${checkDeviceId(client, "client")}`,
    clientOf: (topic) => checkDeviceId(topic.slice(`${base}/updates/`.length), "client"),
  };
}
