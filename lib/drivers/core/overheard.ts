import type { ModelDefinition } from "../../bus/simulated";

/** A model whose bus is listened to: everything that the driver sends is noted, as hexadecimal text. For tests. */
export function overheardI2c<Q extends string>(
  model: ModelDefinition<"i2c", Q>,
  sent: string[],
): ModelDefinition<"i2c", Q> {
  return {
    ...model,
    create: (world, placement) => {
      const part = model.create(world, placement);
      return {
        write: (bytes) => {
          sent.push(hexOf(bytes));
          part.write(bytes);
        },
        read: (length) => part.read(length),
      };
    },
  };
}

/** The same on SPI. */
export function overheardSpi<Q extends string>(
  model: ModelDefinition<"spi", Q>,
  sent: string[],
): ModelDefinition<"spi", Q> {
  return {
    ...model,
    create: (world, placement) => {
      const part = model.create(world, placement);
      return {
        exchange: (bytes) => {
          sent.push(hexOf(bytes));
          return part.exchange(bytes);
        },
      };
    },
  };
}

/** "01 A0 FF". */
const hexOf = (bytes: Uint8Array) =>
  Array.from(bytes, (byte) => byte.toString(16).toUpperCase().padStart(2, "0")).join(" ");
