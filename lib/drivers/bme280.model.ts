import { daily, i2cModel, registerModel } from "../bus/simulated";

/** Trimming of a part: temperature and pressure of the BMP280 datasheet's example (3.12), humidity as parts have it. */
const T = [27504, 26435, -1000] as const;
const P = [36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000] as const;
const H = [75, 362, 0, 315, 50, 30] as const;

/** Table 18: where the trimming values are. */
const TRIMMING = [...T, ...P].flatMap((word) => [word & 0xff, (word >> 8) & 0xff]);
const HUMIDITY_TRIMMING = [
  H[1] & 0xff,
  H[1] >> 8,
  H[2],
  H[3] >> 4,
  (H[3] & 0x0f) | ((H[4] & 0x0f) << 4),
  H[4] >> 4,
  H[5],
];

export const bme280Model = i2cModel({
  quantities: {
    temperature: { unit: "Cel", curve: daily(20, 5), noise: 0.02 },
    humidity: { unit: "%", curve: daily(55, -15), noise: 0.1, min: 0, max: 100 },
    pressure: { unit: "Pa", curve: daily(101_325, 150), noise: 2, wander: { amount: 800, period: 86_400 } },
  },
  create: (world) => {
    let busyUntil = Number.NEGATIVE_INFINITY;
    let pending = false;
    const powerOn = {
      136: TRIMMING,
      161: H[0],
      225: HUMIDITY_TRIMMING,
      208: 0x60,
      247: [0x80, 0, 0, 0x80, 0, 0, 0x80, 0],
    };
    return registerModel({
      powerOn,
      onRead(register, registers) {
        const isBusy = world.clock.now() < busyUntil;
        if (pending && !isBusy) {
          pending = false;
          const now = (quantity: "temperature" | "humidity" | "pressure") => world.value(quantity, busyUntil);
          registers.set(measurement(now("temperature"), now("humidity"), now("pressure")), 0xf7);
        }
        return register === 0xf3 ? (isBusy ? 0x08 : 0) : undefined;
      },
      onWrite(register, value, registers) {
        if (register === 0xf4 && (value & 0b11) === 0b01) {
          pending = true;
          // 9.1: typical measurement time.
          const times = (code: number) => (code === 0 ? 0 : 2 ** (Math.min(code, 5) - 1));
          const [t, p, h] = [times(value >> 5), times((value >> 2) & 7), times(registers[0xf2]! & 7)];
          busyUntil = world.clock.now() + 1 + 2 * t! + 2 * p! + 0.5 + 2 * h! + 0.5;
        }
        return register >= 0xf2 || register === 0xe0;
      },
    });
  },
});

/** The eight data registers: whatever number gives the value by the integer formulas of 4.2.3 and 8.2. */
function measurement(temperature: number, humidity: number, pressure: number): Uint8Array {
  const rawT = lowestWhere(20, (raw) => fineT(raw) >= temperature * 5120);
  const fine = fineT(rawT);
  // A higher number is a lower pressure.
  const rawP = lowestWhere(20, (raw) => pressureQ8(raw, fine) <= pressure * 256);
  const rawH = lowestWhere(16, (raw) => humidityQ10(raw, fine) >= humidity * 1024);
  const u20 = (raw: number) => [raw >> 12, (raw >> 4) & 0xff, (raw & 0x0f) << 4];
  return Uint8Array.of(...u20(rawP), ...u20(rawT), rawH >> 8, rawH & 0xff);
}

/** The lowest number of so many bits for which it is so; the highest when there is none. */
function lowestWhere(bits: number, isSo: (raw: number) => boolean): number {
  let low = 0;
  let high = 2 ** bits - 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (isSo(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** 4.2.3: t_fine in 32-bit integers. */
function fineT(raw: number): number {
  const coarse = (((raw >> 3) - (T[0] << 1)) * T[1]) >> 11;
  const d = (raw >> 4) - T[0];
  return coarse + ((((d * d) >> 12) * T[2]) >> 14);
}

/** 4.2.3: pressure in 1/256 Pa in 64-bit integers. */
function pressureQ8(raw: number, fine: number): number {
  const [p1, p2, p3, p4, p5, p6, p7, p8, p9] = P.map(BigInt) as [bigint, ...bigint[]];
  const x = BigInt(fine) - 128_000n;
  const offset = x * x * p6! + ((x * p5!) << 17n) + (p4! << 35n);
  const gain = (((1n << 47n) + (((x * x * p3!) >> 8n) + ((x * p2!) << 12n))) * p1) >> 33n;
  if (gain === 0n) return 0;
  const p = (((1_048_576n - BigInt(raw)) << 31n) - offset) * 3125n;
  const scaled = p / gain;
  const square = (p9! * (scaled >> 13n) * (scaled >> 13n)) >> 25n;
  return Number(((scaled + square + ((p8! * scaled) >> 19n)) >> 8n) + (p7! << 4n));
}

/** 4.2.3: humidity in 1/1024 %, here in 64-bit integers. */
function humidityQ10(raw: number, fine: number): number {
  const [h1, h2, h3, h4, h5, h6] = H.map(BigInt) as [bigint, ...bigint[]];
  const x = BigInt(fine) - 76_800n;
  const level = ((BigInt(raw) << 14n) - (h4! << 20n) - h5! * x + 16_384n) >> 15n;
  const slope = (((((x * h6!) >> 10n) * (((x * h3!) >> 11n) + 32_768n)) >> 10n) + 2_097_152n) * h2! + 8192n;
  const value = level * (slope >> 14n);
  const bent = value - (((((value >> 15n) * (value >> 15n)) >> 7n) * h1) >> 4n);
  const limited = bent < 0n ? 0n : bent > 419_430_400n ? 419_430_400n : bent;
  return Number(limited >> 12n);
}
