import type { ConnectionState } from "./contract";

/** A status line: how it is, as the names of a node's status say it, and in words. */
export interface StateText {
  readonly level: "ok" | "busy" | "warn" | "error" | "idle";
  readonly text: string;
}

/** What a connection's state means to who looks at the node; `connected` says what to tell while there is one. */
export function stateText(state: ConnectionState, now: number, connected: () => StateText): StateText {
  switch (state.kind) {
    case "connected":
      return connected();
    case "connecting":
      return { level: "busy", text: state.attempt === 0 ? "connecting" : `connecting, attempt ${state.attempt + 1}` };
    case "waiting": {
      const seconds = Math.max(1, Math.round((state.retryAt - now) / 1000));
      return { level: "error", text: `${state.reason}; trying again in ${seconds} s` };
    }
    case "refused":
      return { level: "error", text: state.reason };
    default:
      return { level: "idle", text: "closed" };
  }
}

export interface Liveness {
  readonly now: number;
  /** Since when there is a connection. */
  readonly since: number;
  /** When the last message came, ms since the epoch; 0 when none has. */
  readonly lastMessage: number;
  /** 0 when age does not matter. */
  readonly staleAfterMs: number;
  readonly heldBack: boolean;
  readonly refused: number;
}

/** A socket may be open and nothing come through it: what counts is how old the last message is. */
export function livenessText({ now, since, lastMessage, staleAfterMs, heldBack, refused }: Liveness): StateText {
  const age = now - Math.max(lastMessage, since);
  const told =
    lastMessage === 0 ? "connected, no message yet" : `connected, last message ${ageText(now - lastMessage)}`;
  const text = refused > 0 ? `${told}, ${refused} refused` : told;
  if (heldBack) return { level: "warn", text: `${text}; the flow is slower than the messages` };
  if (staleAfterMs > 0 && age > staleAfterMs) return { level: "warn", text: `stale: ${text}` };
  return { level: "ok", text };
}

/** Coarse on purpose: a status that changes every second is noise. */
export function ageText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${seconds - (seconds % 5)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return `${Math.floor(seconds / 3600)} h ago`;
}
