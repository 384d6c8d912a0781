import type { ConfigOf } from "../../../kit";
import type { SerialSettings } from "../../../lib/bus";
import type { WireSettings } from "../../../lib/sensing/wire";
import type { schema } from "./schema";

const PARITY = { N: "none", E: "even", O: "odd" } as const;

export function wireSettings(config: ConfigOf<typeof schema>): WireSettings {
  const { kind, i2cNumber, spiNumber, maxSpeed, path, chip, master } = config;
  return {
    kind,
    number: kind === "spi" ? spiNumber : i2cNumber,
    path: kind === "gpio" ? chip.trim() : path.trim(),
    master,
    serial: serialSettings(config),
    ...(maxSpeed === undefined ? {} : { maxSpeedHz: maxSpeed * 1000 }),
  };
}

/** "8N1": data bits, parity, stop bits. */
function serialSettings({ baudRate, frame }: ConfigOf<typeof schema>): SerialSettings {
  const [dataBits, parity, stopBits] = frame as unknown as readonly [string, keyof typeof PARITY, string];
  return {
    baudRate,
    dataBits: Number(dataBits) as 7 | 8,
    parity: PARITY[parity],
    stopBits: Number(stopBits) as 1 | 2,
  };
}
