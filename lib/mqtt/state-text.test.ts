import { describe, expect, it } from "vitest";
import { ageText, livenessText, stateText } from "./state-text";

const live = { now: 100_000, since: 0, lastMessage: 88_000, staleAfterMs: 60_000, heldBack: false, refused: 0 };
const never = () => {
  throw new Error("not connected");
};

describe("stateText", () => {
  it("says why and when it tries again", () => {
    const state = { kind: "waiting", reason: "nothing listens at mqtt://x", retryAt: 4000 } as const;
    expect(stateText(state, 0, never)).toEqual({
      level: "error",
      text: "nothing listens at mqtt://x; trying again in 4 s",
    });
    expect(stateText({ kind: "refused", reason: "login refused" }, 0, never)).toEqual({
      level: "error",
      text: "login refused",
    });
    expect(stateText({ kind: "connecting", attempt: 2 }, 0, never).text).toBe("connecting, attempt 3");
  });
});

describe("livenessText", () => {
  it("tells the age of the last message and not of the socket", () => {
    expect(livenessText(live)).toEqual({ level: "ok", text: "connected, last message 10 s ago" });
    expect(livenessText({ ...live, now: 148_001 })).toEqual({
      level: "warn",
      text: "stale: connected, last message 1 min ago",
    });
    expect(livenessText({ ...live, now: 999_000, staleAfterMs: 0 }).level).toBe("ok");
  });

  it("gives a new connection its time before it calls it stale", () => {
    expect(livenessText({ ...live, lastMessage: 0, since: 50_000 })).toEqual({
      level: "ok",
      text: "connected, no message yet",
    });
    expect(livenessText({ ...live, lastMessage: 0, since: 50_000, now: 110_001 }).level).toBe("warn");
  });

  it("owns up to back-pressure and refusals", () => {
    expect(livenessText({ ...live, heldBack: true, refused: 3 })).toEqual({
      level: "warn",
      text: "connected, last message 10 s ago, 3 refused; the flow is slower than the messages",
    });
  });
});

describe("ageText", () => {
  it.each([
    [-5, "just now"],
    [4999, "just now"],
    [14_000, "10 s ago"],
    [60_000, "1 min ago"],
    [7_200_000, "2 h ago"],
  ])("%i ms is %s", (ms, text) => {
    expect(ageText(ms)).toBe(text);
  });
});
