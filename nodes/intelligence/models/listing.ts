import type { Standin } from "../../../lib/inference/standin";

/** What the dialog and scripts see of a model. */
export interface ListedModel {
  readonly name: string;
  readonly version: string;
  readonly seq: number;
  readonly format: string;
  readonly task: string;
  readonly created: string;
  readonly bytes: number;
  /** Sensors that its inputs are made of; none for models that take tensors only. */
  readonly sensors: readonly string[];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Names of the keys that signed. */
  readonly signedBy: readonly string[];
  /** Sequence numbers that can be gone back to, the newest first. */
  readonly older: readonly number[];
  /** Nodes that have it loaded now. */
  readonly users: number;
  /** The version that they have in place of this one, which does not load. */
  readonly standin?: Standin;
}

export interface Listing {
  readonly models: readonly ListedModel[];
  /** Those that cannot be used. */
  readonly problems: readonly { readonly name: string; readonly reason: string }[];
  /** This gateway's public key. */
  readonly key: string;
  readonly kid: string;
}

/** Instead of a listing, for a node that is in the editor only. */
export interface NotDeployed {
  readonly deployed: false;
}
