import { daily, rawOf, serialModel } from "../bus/simulated";

export const mhz19cModel = serialModel({
  quantities: { co2: { unit: "[ppm]", curve: daily(750, 300), noise: 8, min: 400 } },
  create: (world) => {
    let range = 5000;
    return {
      answer(question) {
        if (question.length !== 9 || question[0] !== 0xff || checksum(question) !== question[8]) return undefined;
        switch (question[2]) {
          case 0x86: {
            const ppm = rawOf(Math.min(range, world.value("co2")), 16);
            return message(0x86, ppm >> 8, ppm & 0xff);
          }
          case 0x79:
            return message(0x79, 1, 0);
          case 0x99:
            range = question[6]! * 256 + question[7]!;
            return message(0x99, 1, 0);
          default:
            return undefined;
        }
      },
    };
  },
});

function message(command: number, high: number, low: number): Uint8Array {
  const bytes = Uint8Array.of(0xff, command, high, low, 0, 0, 0, 0, 0);
  bytes[8] = checksum(bytes);
  return bytes;
}

/** "Calculate checksum": the sum of bytes 1 to 7, inverted, plus one. */
function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let index = 1; index < 8; index++) sum += bytes[index]!;
  return (0xff - (sum & 0xff) + 1) & 0xff;
}
