import { i2cModel } from "../bus/simulated";

const BYTE_MS = 0.09;

export interface Hd44780Lcd {
  /** DDRAM: characters by address, which for two lines are 0x00 to 0x27 and 0x40 to 0x67 (figure 4). */
  readonly ddram: Uint8Array;
  readonly state: { isOn: boolean; light: boolean; bits: 4 | 8; lines: number };
  /** Instructions that came while the part was busy, or out of order. */
  readonly violations: readonly string[];
}

/** The controller behind a PCF8574, with its times: an instruction that comes too early is lost, and noted. */
export const hd44780Model = i2cModel({
  quantities: {},
  create: (world) => {
    const lcd = new Lcd();
    let port = 0xff;
    let onWire = 0;
    return {
      ddram: lcd.ddram,
      state: lcd.state,
      violations: lcd.violations,
      write(bytes) {
        for (const byte of bytes) {
          // Simulated transfers take no time, on a wire they do.
          onWire += BYTE_MS;
          lcd.state.light = (byte & 0x08) !== 0;
          // Figure 25: what is there while E is high is taken when it goes down.
          const isTaken = (port & 0x04) !== 0 && !(byte & 0x04);
          if (isTaken && !(port & 0x02)) lcd.take(port >> 4, (port & 0x01) !== 0, world.clock.now() + onWire);
          port = byte;
        }
      },
      read: (length) => new Uint8Array(length).fill(port),
    };
  },
});

class Lcd implements Hd44780Lcd {
  readonly ddram = new Uint8Array(0x80).fill(0x20);
  readonly state: Hd44780Lcd["state"] = { isOn: false, light: true, bits: 8, lines: 1 };
  readonly violations: string[] = [];
  #address = 0;
  #high: number | undefined;
  #resets = 0;
  /** The 40 ms after power-up are over: a simulated part begins to be when it is first used. */
  #busyUntil = Number.NEGATIVE_INFINITY;

  take(nibble: number, isData: boolean, now: number): void {
    if (this.state.bits === 8) {
      this.#execute(nibble << 4, isData, now);
      return;
    }
    if (this.#high === undefined) {
      this.#high = nibble;
      if (now < this.#busyUntil) this.violations.push(`busy at ${now.toFixed(2)} ms`);
      return;
    }
    const byte = (this.#high << 4) | nibble;
    this.#high = undefined;
    this.#execute(byte, isData, now);
  }

  #execute(byte: number, isData: boolean, now: number): void {
    if (now < this.#busyUntil) {
      this.violations.push(
        `0x${byte.toString(16)} at ${now.toFixed(2)} ms, busy until ${this.#busyUntil.toFixed(2)} ms`,
      );
      return;
    }
    // Table 6, at 270 kHz; figure 24 for the first ones.
    this.#busyUntil = now + 0.037;
    if (isData) {
      this.ddram[this.#address] = byte;
      this.#address = this.#next();
      this.#busyUntil = now + 0.041;
    } else if (byte & 0x80) this.#address = byte & 0x7f;
    else if (byte & 0x40) this.violations.push("CGRAM is not modelled");
    else if (byte & 0x20) this.#functionSet(byte, now);
    else if (byte & 0x08) this.state.isOn = (byte & 0x04) !== 0;
    else if (byte === 0x01) {
      this.ddram.fill(0x20);
      this.#address = 0;
      this.#busyUntil = now + 1.52;
    }
  }

  #functionSet(byte: number, now: number): void {
    if (byte & 0x10) {
      this.#resets += 1;
      this.#busyUntil = now + (this.#resets === 1 ? 4.1 : 0.1);
      return;
    }
    if (this.state.bits === 8 && this.#resets < 3) this.violations.push("4 bit without the reset of figure 24");
    if (this.state.bits === 4) this.state.lines = byte & 0x08 ? 2 : 1;
    this.state.bits = 4;
  }

  #next(): number {
    if (this.#address === 0x27) return 0x40;
    return this.#address === 0x67 ? 0x00 : this.#address + 1;
  }
}
