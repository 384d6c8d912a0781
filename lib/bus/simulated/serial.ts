import type { SerialPort, SerialSettings } from "../contract";
import type { OnGone, Places } from "./bus";
import type { SimulatedPart } from "./part";

/** A port with parts on its line. What they say arrives as one piece: how it is cut is the transport's affair, not theirs. */
export function serialTransport(places: Places<"serial">, onBusGone: OnGone): SerialPort {
  const data = new Set<(bytes: Uint8Array) => void>();
  const gone = new Set<(error: Error) => void>();
  let isOpen = true;
  const deliver = (part: SimulatedPart<"serial">, bytes: Uint8Array | undefined) => {
    if (!bytes || !isOpen) return;
    const heard = part.heard(bytes);
    for (const listener of data) listener(heard);
  };
  const speaking = new Set<SimulatedPart<"serial">>();
  const speak = async (part: SimulatedPart<"serial">) => {
    speaking.add(part);
    while (isOpen && data.size > 0) {
      const speaks = part.isPresent ? part.model.speaks : undefined;
      await places.clock.wait(speaks?.everyMs ?? 1000);
      if (isOpen && part.isPresent) deliver(part, part.model.speaks?.message());
    }
    speaking.delete(part);
  };
  const undoGone = onBusGone((error) => {
    isOpen = false;
    for (const listener of gone) listener(error);
  });
  let settings: SerialSettings = { baudRate: 9600 };
  return {
    get settings() {
      return settings;
    },
    async write(bytes) {
      places.check();
      for (const [, part] of places.all()) {
        if (!part.isPresent) continue;
        const answer = part.model.answer?.(bytes);
        if (answer) queueMicrotask(() => deliver(part, answer));
      }
    },
    onData(listener) {
      data.add(listener);
      for (const [, part] of places.all()) {
        if (part.definition.bus === "serial" && !speaking.has(part) && part.isPresent && part.model.speaks)
          void speak(part);
      }
      return () => data.delete(listener);
    },
    onGone(listener) {
      gone.add(listener);
      return () => gone.delete(listener);
    },
    async configure(wanted) {
      settings = wanted;
    },
    async close() {
      isOpen = false;
      undoGone();
      data.clear();
      gone.clear();
    },
  };
}
