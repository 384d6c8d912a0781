import { type BusKind, type BusLease, leaseBus, type SerialSettings, type SpiBus } from "../bus";
import { openGpio, openI2c, openOneWire, openSerial, openSpi } from "../bus/transports";

/** Which bus of the machine. */
export interface WireSettings {
  readonly kind: BusKind;
  /** Number of an I2C or SPI bus. */
  readonly number: number;
  /** SPI: faster parts are clocked no faster than this, Hz. */
  readonly maxSpeedHz?: number;
  /** Device file of a serial port or a GPIO chip. */
  readonly path: string;
  readonly serial: SerialSettings;
  /** The 1-Wire bus as the kernel calls it: "w1_bus_master1". */
  readonly master: string;
}

/**
 * A bus of the machine, shared by all who name it. It is opened at its first use.
 * @throws RangeError when it is in use with other settings
 */
export function leaseWire({ kind, number, maxSpeedHz, path, serial, master }: WireSettings): BusLease<BusKind> {
  switch (kind) {
    case "i2c":
      return lease(leaseBus({ kind, key: `/dev/i2c-${number}`, open: () => openI2c(number) }));
    case "spi": {
      const open = async () => slowed(await openSpi(number), maxSpeedHz);
      return lease(leaseBus({ kind, key: `/dev/spidev${number}`, open }, speedText(maxSpeedHz)));
    }
    case "serial": {
      const { baudRate, dataBits = 8, parity = "none", stopBits = 1 } = serial;
      const settings = `${baudRate} ${dataBits}${parity[0]!.toUpperCase()}${stopBits}`;
      return lease(leaseBus({ kind, key: path, open: () => openSerial(path, serial) }, settings));
    }
    case "oneWire":
      return lease(leaseBus({ kind, key: master, open: () => openOneWire(master) }));
    case "gpio":
      return lease(leaseBus({ kind, key: path, open: () => openGpio(path) }));
  }
}

const lease = <K extends BusKind>(one: BusLease<K>) => one as unknown as BusLease<BusKind>;
const speedText = (hz: number | undefined) => (hz === undefined ? "the parts' own speeds" : `at most ${hz} Hz`);

/** Long wires carry less than what the part can. */
function slowed(spi: SpiBus, maxSpeedHz: number | undefined): SpiBus {
  if (maxSpeedHz === undefined) return spi;
  return {
    ...spi,
    transfer: (bytes, options) => spi.transfer(bytes, { ...options, speedHz: Math.min(options.speedHz, maxSpeedHz) }),
  };
}
