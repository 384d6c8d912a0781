import type { Qos } from "./contract";

/** MQTT 5, table 2-1: packet type in the upper half of the first byte. */
const PUBACK = 0x40;
const PUBREC = 0x50;

interface Owed {
  readonly ticket: number;
  readonly messageId: number;
  readonly qos: Qos;
}

/**
 * The acknowledgements that one connection owes its broker, in the order of the messages [MQTT-4.6.0-2], and the QoS 2
 * messages that were handed over and not released yet: method A of MQTT 5, section 4.3.3.
 */
export class Acknowledgements {
  #owed: Owed[] = [];
  readonly #unreleased = new Set<number>();
  /** Messages acknowledged since the start. */
  acknowledged = 0;

  /** Messages taken and not acknowledged yet. */
  get owed(): number {
    return this.#owed.length;
  }

  /**
   * Notes a message of QoS 1 or 2. False when it is a QoS 2 message that was handed over before: it must be acknowledged
   * again and not be handed over again.
   */
  take(ticket: number, messageId: number, qos: 1 | 2): boolean {
    const isNew = qos === 1 || !this.#unreleased.has(messageId);
    if (qos === 2) this.#unreleased.add(messageId);
    this.#owed.push({ ticket, messageId, qos });
    return isNew;
  }

  /** The PUBACK and PUBREC packets for every message up to and with the ticket; empty when none is owed. */
  upTo(ticket: number): Buffer {
    let count = 0;
    while (count < this.#owed.length && (this.#owed[count] as Owed).ticket <= ticket) count += 1;
    const packets = Buffer.allocUnsafe(4 * count);
    for (let index = 0; index < count; index += 1) writeAck(packets, 4 * index, this.#owed[index] as Owed);
    this.#owed = this.#owed.slice(count);
    this.acknowledged += count;
    return packets;
  }

  /** The broker has released the QoS 2 message (PUBREL): its id may be used for another one. */
  release(messageId: number): void {
    this.#unreleased.delete(messageId);
  }

  /**
   * The messages that are not acknowledged yet are not in our hands any more: when the broker sends them again, they are
   * to be handed over again.
   */
  abandon(): void {
    for (const { messageId, qos } of this.#owed) if (qos === 2) this.#unreleased.delete(messageId);
    this.#owed = [];
  }

  /**
   * A new connection: what was owed is forgotten, because the broker sends it again. Only when it resumed our session does
   * it know the QoS 2 messages already handed over by the same ids.
   */
  reconnected(sessionPresent: boolean): void {
    this.#owed = [];
    if (!sessionPresent) this.#unreleased.clear();
  }
}

/** A reason code of 0 may be left out, in MQTT 5 too: a remaining length of 2 (sections 3.4.2.1 and 3.5.2.1). */
function writeAck(packets: Buffer, at: number, { messageId, qos }: Owed): void {
  packets[at] = qos === 1 ? PUBACK : PUBREC;
  packets[at + 1] = 2;
  packets.writeUInt16BE(messageId, at + 2);
}
