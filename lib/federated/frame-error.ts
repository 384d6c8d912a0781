/** What is wrong with a message of the federation: says what was expected. */
export class FrameError extends Error {
  override readonly name = "FrameError";
}
