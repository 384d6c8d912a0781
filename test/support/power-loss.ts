import { expect, it } from "vitest";
import type { VirtualClock } from "../../lib/bus";
import type { SensorSession } from "../../lib/drivers/core";

interface Connected {
  readonly clock: VirtualClock;
  readonly part: { plug(): void; unplug(): void };
  readonly session: SensorSession;
}

/** What every part with a buffer of samples must notice, because its set-up is gone with its power. */
export function itNoticesLossOfPower(connected: () => Connected, measured: readonly object[]): void {
  it("notices that it was without power between two readings", async () => {
    const { clock, part, session } = connected();
    await clock.run(session.read());
    part.unplug();
    part.plug();
    await expect(clock.run(session.read())).rejects.toThrow("it has lost its power");
    expect(await clock.run(session.read())).toMatchObject(measured);
  });

  it("notices it between two blocks, too", async () => {
    const { clock, part, session } = connected();
    await clock.run(session.readBlock!());
    part.unplug();
    part.plug();
    await expect(clock.run(session.readBlock!())).rejects.toThrow("it has lost its power");
    expect(await clock.run(session.readBlock!())).toMatchObject({ overrun: false });
  });
}
