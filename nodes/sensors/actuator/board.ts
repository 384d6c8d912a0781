import type { SharedBus } from "../../../lib/bus";
import {
  type ActuatorSession,
  type ActuatorValue,
  type DeviceSettings,
  type OpenBus,
  type OutputInfo,
  openActuator,
} from "../../../lib/drivers";

/** The only use of one output. */
export interface Claim {
  readonly output: OutputInfo;
  set(value: ActuatorValue): Promise<void>;
  /** May be called twice. */
  release(): Promise<void>;
}

/** A part with several outputs is set up once for all the nodes that drive it. */
interface Board {
  readonly session: Promise<ActuatorSession>;
  readonly claimed: Set<string>;
  users: number;
}

const boards = new WeakMap<SharedBus, Map<string, Board>>();

/**
 * Takes an output of a part for the one who asks.
 * @param name of the output; empty for the first one
 * @throws RangeError when there is none of this name, or another node has it, and as openActuator
 */
export async function claimOutput(
  open: OpenBus,
  driver: string,
  settings: DeviceSettings,
  name: string,
): Promise<Claim> {
  const { key, board, leave } = enter(open, driver, settings);
  try {
    const session = await board.session;
    const output = name === "" ? session.outputs[0] : session.outputs.find(({ actuator }) => actuator === name);
    if (!output) throw new RangeError(`${driver} has ${namesOf(session)}, got "${name}"`);
    const { actuator } = output;
    if (board.claimed.has(actuator)) throw new RangeError(`${actuator} of ${key} is driven by another node already`);
    board.claimed.add(actuator);
    return {
      output,
      set: (value) => session.set(actuator, value),
      release: async () => {
        if (board.claimed.delete(actuator)) await leave();
      },
    };
  } catch (error) {
    await leave();
    throw error;
  }
}

function enter(open: OpenBus, driver: string, settings: DeviceSettings) {
  const onBus = boards.get(open.bus) ?? new Map<string, Board>();
  boards.set(open.bus, onBus);
  const key = `${driver} ${JSON.stringify(settings)}`;
  const board = onBus.get(key) ?? { session: openActuator(driver, open, settings), claimed: new Set(), users: 0 };
  onBus.set(key, board);
  board.users += 1;
  const leave = async (): Promise<void> => {
    board.users -= 1;
    if (board.users > 0) return;
    onBus.delete(key);
    await board.session.then((session) => session.close()).catch(() => undefined);
  };
  return { key, board, leave };
}

const namesOf = ({ outputs }: ActuatorSession) => outputs.map(({ actuator }) => actuator).join(", ");
