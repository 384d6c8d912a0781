import { type ModelDefinition, type Quantity, rawOf, serialModel, type World } from "../../bus/simulated";
import { modbusCrc } from "./crc";

/** Where a quantity of a simulated Modbus unit is, and in which steps. */
export interface SimulatedRegister {
  readonly register: number;
  /** What one step is worth, in the quantity's unit. */
  readonly step: number;
  readonly kind?: "signed" | "unsigned";
}

/** A unit on a Modbus RTU line with 16-bit registers; it answers functions 3, 4 and 6. */
export function modbusModel<Q extends string>(
  quantities: Readonly<Record<Q, Quantity>>,
  registers: Readonly<Record<Q, SimulatedRegister>>,
): ModelDefinition<"serial", Q> {
  const places = new Map(
    (Object.keys(registers) as Q[]).map((quantity) => [
      registers[quantity].register,
      { quantity, ...registers[quantity] },
    ]),
  );
  const create = (world: World<Q>, { address = 1 }: { readonly address?: number }) => {
    const measured = (register: number): number | undefined => {
      const place = places.get(register);
      return place && rawOf(world.value(place.quantity) / place.step, 16, place.kind);
    };
    return {
      answer(request: Uint8Array) {
        // MODBUS over Serial Line V1.02, 2.2: damaged requests and those to others are not answered.
        if (request[0] !== address || modbusCrc(request) !== 0) return undefined;
        const [code = 0, ...body] = request.subarray(1, -2);
        return framed([address, ...reply(code, body, measured)]);
      },
    };
  };
  return serialModel({ quantities, create });
}

/** MODBUS Application Protocol V1.1b3, 6.3, 6.4, 6.6 and 7. */
function reply(code: number, body: readonly number[], measured: (register: number) => number | undefined): number[] {
  const refuse = (exception: number) => [code | 0x80, exception];
  const [first = 0, count = 0] = [body[0]! * 256 + body[1]!, body[2]! * 256 + body[3]!];
  if (code === 6) return measured(first) === undefined ? refuse(2) : refuse(4);
  if (code !== 3 && code !== 4) return refuse(1);
  if (count < 1 || count > 125) return refuse(3);
  const words = Array.from({ length: count }, (_, index) => measured(first + index));
  if (words.includes(undefined)) return refuse(2);
  return [code, 2 * count, ...words.flatMap((word) => [word! >> 8, word! & 0xff])];
}

function framed(body: readonly number[]): Uint8Array {
  const crc = modbusCrc(body);
  return Uint8Array.from([...body, crc & 0xff, crc >> 8]);
}
