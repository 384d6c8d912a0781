import type { SpiBus, SpiOptions } from "../contract";
import { systemError } from "./errno";
import { optionalModule } from "./module";

/** What is used of the package spi-device (3.x). */
interface SpiPackage {
  open(bus: number, device: number, options: { mode: number }, done: (error: Error | null) => void): SpiHandle;
}

interface SpiMessage {
  readonly sendBuffer: Buffer;
  readonly receiveBuffer: Buffer;
  readonly byteLength: number;
  readonly speedHz: number;
}

interface SpiHandle {
  transfer(message: readonly SpiMessage[], done: (error: Error | null) => void): void;
  close(done: (error: Error | null) => void): void;
}

/** /dev/spidev`number`.x by the package spi-device; a chip select is opened at its first use. @throws BusError */
export async function openSpi(
  number: number,
  load: () => Promise<SpiPackage> = () => optionalModule<SpiPackage>("spi-device"),
): Promise<SpiBus> {
  const spi = await load();
  const handles = new Map<string, Promise<SpiHandle>>();
  const fileOf = (chipSelect: number) => ({
    path: `/dev/spidev${number}.${chipSelect}`,
    enable: "enable SPI (raspi-config, Interface Options; or dtparam=spi=on in config.txt)",
    group: "spi",
  });
  const handleOf = ({ chipSelect, mode }: SpiOptions): Promise<SpiHandle> => {
    const key = `${chipSelect}/${mode}`;
    const handle = handles.get(key) ?? opened(spi, number, chipSelect, mode);
    handles.set(key, handle);
    handle.catch(() => handles.delete(key));
    return handle;
  };
  return {
    async transfer(bytes, options) {
      const length = bytes.length;
      const receiveBuffer = Buffer.alloc(length);
      const message = { sendBuffer: Buffer.from(bytes), receiveBuffer, byteLength: length, speedHz: options.speedHz };
      try {
        const handle = await handleOf(options);
        await settled((done) => handle.transfer([message], done));
        return Uint8Array.from(receiveBuffer);
      } catch (error) {
        throw systemError(error, fileOf(options.chipSelect));
      }
    },
    async close() {
      const open = await Promise.allSettled(handles.values());
      handles.clear();
      await Promise.all(
        open.flatMap((one) => (one.status === "fulfilled" ? [settled((done) => one.value.close(done))] : [])),
      );
    },
  };
}

async function opened(spi: SpiPackage, bus: number, device: number, mode: number): Promise<SpiHandle> {
  let handle: SpiHandle | undefined;
  await settled((done) => {
    handle = spi.open(bus, device, { mode }, done);
  });
  return handle!;
}

function settled(work: (done: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => work((error) => (error ? reject(error) : resolve())));
}
