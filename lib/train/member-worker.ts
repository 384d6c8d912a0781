import { serve } from "../workers";
import { type Member, type TrainedMember, trainMember } from "./blend";
import type { Samples } from "./data";

/** Fits members of a blend in a thread of its own; samples over shared memory are not copied. */
serve({
  member: ({ samples, member }: { samples: Samples; member: Member }, { progress }): Promise<TrainedMember> =>
    trainMember(samples, member, { onProgress: progress }),
});
