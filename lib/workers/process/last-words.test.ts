import { expect, it } from "vitest";
import { LastWords } from "./last-words";

function reason(text: string, code: number | null, signal: NodeJS.Signals | null = null): string {
  const words = new LastWords();
  for (const part of text.match(/.{1,7}/gs) ?? []) words.hear(Buffer.from(part));
  return words.reason(code, signal);
}

it.each([
  ["nothing", "", 3, null, "exit code 3"],
  ["a signal", "", null, "SIGSEGV", "ended by SIGSEGV"],
  [
    "the guard",
    "noise\ngatewise: it took more than 64 MB of memory\nmore",
    null,
    "SIGKILL",
    "it took more than 64 MB of memory",
  ],
  [
    "V8",
    "<--- Last few GCs --->\n\nFATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n----- Native stack trace -----\n 1: 0xb8 node\n",
    null,
    "SIGABRT",
    "ended by SIGABRT: Reached heap limit Allocation failed - JavaScript heap out of memory",
  ],
  [
    "the C++ library",
    "terminate called after throwing an instance of 'std::bad_alloc'\n  what():  std::bad_alloc\n",
    null,
    "SIGABRT",
    "ended by SIGABRT: std::bad_alloc",
  ],
  ["anything", "first\nlast line\n\nNode.js v24.1.0\n", 1, null, "exit code 1: last line"],
] as const)("tells why a process ended from what %s says", (_who, text, code, signal, expected) => {
  expect(reason(text, code, signal)).toBe(expected);
});

it("keeps the end of what is said, however much it is", () => {
  expect(reason(`${"x".repeat(100_000)}\nthe end`, 1)).toBe("exit code 1: the end");
  expect(reason("y".repeat(100_000), 1).length).toBeLessThan(400);
});
