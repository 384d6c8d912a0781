import { describe, expect, it } from "vitest";
import { Acknowledgements } from "./acknowledgements";

describe("Acknowledgements", () => {
  it("writes PUBACK and PUBREC as MQTT has them, in the order of the messages", () => {
    const acks = new Acknowledgements();
    acks.take(1, 10, 1);
    acks.take(2, 0x1234, 2);
    acks.take(4, 11, 1);
    // MQTT 3.1.1 section 3.4: 40 02 id; section 3.5: 50 02 id.
    expect(acks.upTo(3).toString("hex")).toBe("4002000a" + "50021234");
    expect(acks.owed).toBe(1);
    expect(acks.upTo(3)).toHaveLength(0);
    expect(acks.upTo(99).toString("hex")).toBe("4002000b");
  });

  it("hands a QoS 2 message over once until it is released", () => {
    const acks = new Acknowledgements();
    expect(acks.take(1, 7, 2)).toBe(true);
    acks.upTo(1);
    acks.reconnected(true);
    expect(acks.take(2, 7, 2)).toBe(false);
    expect(acks.upTo(2).toString("hex")).toBe("50020007");
    acks.release(7);
    expect(acks.take(3, 7, 2)).toBe(true);
  });

  it("hands over again what was abandoned, and still not what was acknowledged", () => {
    const acks = new Acknowledgements();
    acks.take(1, 7, 2);
    acks.upTo(1);
    acks.take(2, 8, 2);
    acks.abandon();
    acks.reconnected(true);
    expect(acks.take(3, 7, 2)).toBe(false);
    expect(acks.take(4, 8, 2)).toBe(true);
  });

  it("takes ids afresh when the broker has lost the session", () => {
    const acks = new Acknowledgements();
    acks.take(1, 7, 2);
    acks.take(2, 8, 1);
    acks.reconnected(false);
    expect(acks.owed).toBe(0);
    expect(acks.upTo(2)).toHaveLength(0);
    expect(acks.take(3, 7, 2)).toBe(true);
  });
});
