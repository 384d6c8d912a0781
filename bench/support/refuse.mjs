// How a bench says what it cannot work with.
import { parseArgs } from "node:util";

/** `refuse(why)` ends the bench with one line and exit code 2, as wrong orders do. */
export function refuserOf(bench) {
  return (why) => {
    console.error(`${bench}: ${why}`);
    process.exit(2);
  };
}

/** The bench's options; what is none of them is refused. */
export function optionsOf(options, refuse) {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    return refuse(error.message);
  }
}

/** What `read` returns; what it throws is refused. */
export function readOr(refuse, read) {
  try {
    return read();
  } catch (error) {
    return refuse(error.message);
  }
}
