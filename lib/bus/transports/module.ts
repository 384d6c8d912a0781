import { optionalModule as load, OptionalModuleError } from "../../modules/optional";
import { BusError } from "../error";

/**
 * An optional package, loaded when a bus of its kind is first opened.
 * @param alternative what can be installed instead
 * @throws BusError, code module-missing, saying what to install
 */
export async function optionalModule<M>(name: string, alternative?: string): Promise<M> {
  try {
    return await load<M>(name, { alternative });
  } catch (error) {
    if (error instanceof OptionalModuleError) throw new BusError("module-missing", error.message, { cause: error });
    throw error;
  }
}
