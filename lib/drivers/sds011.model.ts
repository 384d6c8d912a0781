import { constant, rawOf, serialModel } from "../bus/simulated";

const dust = { unit: "ug/m3", noise: 0.3, min: 0, wander: { amount: 4, period: 1800 } };

export const sds011Model = serialModel({
  quantities: { "pm2.5": { ...dust, curve: constant(11) }, pm10: { ...dust, curve: constant(18) } },
  create(world) {
    let isQueried = false;
    let isWorking = true;
    const measured = () => {
      const [fine, coarse] = (["pm2.5", "pm10"] as const).map((name) =>
        Math.min(9999, rawOf(world.value(name) * 10, 16)),
      );
      return message(0xc0, fine! & 0xff, fine! >> 8, coarse! & 0xff, coarse! >> 8);
    };
    return {
      speaks: { everyMs: 1000, message: () => (isWorking && !isQueried ? measured() : undefined) },
      answer(command) {
        if (command.length !== 19 || command[0] !== 0xaa || command[1] !== 0xb4 || command[18] !== 0xab)
          return undefined;
        const [kind = 0, isSet = 0, value = 0] = command.subarray(2);
        // 2), 4): a sleeping part wakes, and hears nothing else.
        if (!isWorking && kind !== 0x06) return undefined;
        if (kind === 0x04) return measured();
        if (kind === 0x02 && isSet) isQueried = value === 1;
        if (kind === 0x06 && isSet) isWorking = value === 1;
        return message(0xc5, kind, isSet, value, 0);
      },
    };
  },
});

function message(kind: number, ...data: readonly [number, number, number, number]): Uint8Array {
  const body = [...data, 0xa1, 0x60];
  return Uint8Array.from([0xaa, kind, ...body, body.reduce((sum, byte) => sum + byte, 0) & 0xff, 0xab]);
}
